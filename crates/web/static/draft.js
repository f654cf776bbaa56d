// The page of a draft. It works without this file; then it is saved when a button is pressed.
"use strict";
(() => {
  // A draft saves itself a while after the last key. What it answers (what is wrong, how it comes out) is put in
  // place around what is typed; what somebody else saved meanwhile stops it, until a person presses.
  const KEEP_AFTER_MS = 2_000;
  const KEEP_AGAIN_MS = 10_000;
  const drafted = document.querySelector("form[data-keeps]");
  if (!drafted) return;
  const said = drafted.querySelector("[data-kept]");
  const version = drafted.elements.version;
  const parse = (html) => new DOMParser().parseFromString(html, "text/html");
  const typed = (how) => {
    const fields = new URLSearchParams(new FormData(drafted));
    if (how) fields.set("do", how);
    else fields.delete("version");
    return fields;
  };
  let kept = drafted.hasAttribute("data-unsaved") ? "" : typed().toString();
  let refused = "";
  let byHand = drafted.dataset.keeps === "by-hand";
  let isLeaving = false;
  let keeping = null;
  let timer = 0;
  const isOwed = () => ![kept, refused].includes(typed().toString());
  const stop = () => {
    byHand = true;
    document.getElementById("meanwhile").hidden = false;
  };
  const mark = (old, fresh) => {
    const [head, told] = [old, fresh].map((one) => one.querySelector("legend, label"));
    if (head.textContent !== told.textContent) head.textContent = told.textContent;
    old.classList.toggle("wrong", fresh.classList.contains("wrong"));
    old.querySelector(".error")?.remove();
    const error = fresh.querySelector(".error");
    if (error) head.after(error);
    const [was, is] = [old, fresh].map((one) => one.querySelector("[name]"));
    for (const name of ["aria-invalid", "aria-describedby"]) {
      if (is?.hasAttribute(name)) was.setAttribute(name, is.getAttribute(name));
      else was?.removeAttribute(name);
    }
  };
  const take = (page) => {
    version.value = page.querySelector("form[data-keeps]").elements.version.value;
    for (const fresh of page.querySelectorAll("[data-standing]")) {
      const old = document.getElementById(fresh.id);
      if (old && !old.contains(document.activeElement)) old.replaceWith(fresh);
    }
    for (const fresh of page.querySelectorAll("[data-field]")) {
      const old = document.querySelector(`[data-field="${CSS.escape(fresh.dataset.field)}"]`);
      if (old) mark(old, fresh);
    }
    said.textContent = page.querySelector("[data-kept]").textContent;
  };
  const keep = async () => {
    const sent = typed().toString();
    const answer = await fetch(drafted.action, { method: "POST", body: typed("keep") });
    if (answer.redirected) throw new Error("signed out");
    if (answer.status === 409) return stop();
    const page = parse(await answer.text());
    if (answer.status === 422) {
      refused = sent;
      said.textContent = page.querySelector("[role=alert]").textContent.trim();
    } else if (answer.ok) {
      kept = sent;
      take(page);
    } else {
      throw new Error("not kept");
    }
  };
  const plan = (delay) => {
    clearTimeout(timer);
    timer = setTimeout(begin, delay);
  };
  const begin = async () => {
    if (keeping || byHand || isLeaving || !isOwed()) return;
    let delay = KEEP_AFTER_MS;
    keeping = keep().catch(() => {
      said.textContent = said.dataset.away;
      delay = KEEP_AGAIN_MS;
    });
    await keeping;
    keeping = null;
    if (isOwed()) plan(delay);
  };
  drafted.addEventListener("input", () => plan(KEEP_AFTER_MS));
  drafted.addEventListener("submit", async (event) => {
    isLeaving = true;
    clearTimeout(timer);
    if (!keeping) return;
    // Else it would stand against the version that is just being made.
    event.preventDefault();
    await keeping;
    event.submitter?.removeAttribute("aria-busy");
    drafted.requestSubmit(event.submitter);
  });
  addEventListener("beforeunload", (event) => {
    if (!isLeaving && typed().toString() !== kept) event.preventDefault();
  });
  // Each version that is saved, by whom ever.
  const versions = new EventSource(drafted.dataset.versions);
  versions.addEventListener("draft", async (event) => {
    await keeping;
    if (Number(event.data) > Number(version.value)) stop();
  });
  addEventListener("pagehide", () => versions.close());
})();
