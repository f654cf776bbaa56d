// Everything works without this file; it only spares people a reload.
"use strict";
(() => {
  const all = (selector) => document.querySelectorAll(selector);
  const root = document.documentElement;

  // Ages and countdowns: <time datetime data-relative>.
  const words = new Intl.RelativeTimeFormat(root.lang, { style: "short", numeric: "always" });
  const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const started = performance.now();
  const serverNow = Number(root.dataset.now);
  const tick = () => {
    const now = serverNow + performance.now() - started;
    for (const time of all("time[data-relative]")) {
      const seconds = Math.trunc((Date.parse(time.dateTime) - now) / 1000);
      const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) || units[3];
      if (Math.abs(seconds) >= 10) {
        time.textContent = words.format(Math.trunc(seconds / size), unit).replace(".", "");
      }
    }
  };
  setInterval(tick, 30_000);

  // Live changes. An event's data is HTML whose first element carries an id, or a
  // plain word (see the events below).
  const element = (html) => {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    return holder.content.firstElementChild;
  };
  const swap = (html) => {
    const fresh = element(html);
    for (const notice of all("[data-changed]")) {
      if (fresh && notice.dataset.changed === fresh.id) notice.hidden = false;
    }
    const old = fresh && document.getElementById(fresh.id);
    if (!old) return false;
    const focused = old.contains(document.activeElement) && document.activeElement.getAttribute("href");
    const box = fresh.querySelector("input[name=order]");
    const boxed = old.contains(document.activeElement) && document.activeElement.name === "order";
    if (box) box.checked = old.querySelector("input[name=order]")?.checked;
    old.replaceWith(fresh);
    fresh.classList.add("fresh");
    if (focused) fresh.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
    else if (boxed) box?.focus();
    return true;
  };
  // Picked rows: how many, and all of the page at once.
  const picks = document.querySelector("[data-picks]");
  const pickAll = document.getElementById("pick-all");
  const count = () => {
    if (!picks) return;
    const boxes = [...picks.querySelectorAll("td.tick input")];
    const picked = boxes.filter((box) => box.checked).length;
    pickAll.checked = picked > 0 && picked === boxes.length;
    pickAll.indeterminate = picked > 0 && picked < boxes.length;
    const say = picks.querySelector("[data-picked]");
    say.dataset.hint ??= say.textContent;
    const text = picked === 1 ? say.dataset.one : say.dataset.other;
    say.textContent = picked ? text.replace("{n}", picked) : say.dataset.hint;
  };
  if (picks) {
    picks.querySelector("[data-pick-all]").hidden = false;
    picks.addEventListener("change", (event) => {
      if (event.target === pickAll) {
        for (const box of picks.querySelectorAll("td.tick input")) box.checked = pickAll.checked;
      }
      count();
    });
    addEventListener("pageshow", count);
  }

  // What is under way is looked at again by the page's own address; rows that changed are put in place.
  const POLL_MS = 4_000;
  const MOST_POLLS = 300;
  const seen = new Map();
  const lookAgain = async () => {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok || answer.redirected) throw new Error("no page");
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("#places");
    if (!fresh) throw new Error("no table");
    for (const row of fresh.querySelectorAll("tr[id]")) {
      const html = row.outerHTML;
      const old = document.getElementById(row.id);
      if (old && (seen.get(row.id) ?? old.outerHTML) !== html) swap(html);
      seen.set(row.id, html);
    }
    const [said, told] = [document, page].map((one) => one.querySelector("[data-poll-said]"));
    if (said && told && said.textContent !== told.textContent) said.textContent = told.textContent;
    if (fresh.hasAttribute("data-poll")) return true;
    document.getElementById("poll-hint")?.remove();
    return false;
  };
  const poll = (left) => setTimeout(async () => {
    if (document.hidden) return poll(left);
    // A platform or a line that is away for a moment is asked again.
    const goesOn = await lookAgain().catch(() => true);
    if (goesOn && left > 1) poll(left - 1);
  }, POLL_MS);
  if (document.querySelector("#places[data-poll]")) poll(MOST_POLLS);

  const MOST_ROWS = 100;
  const live = document.querySelector("[data-live]");
  if (live) {
    const state = document.querySelector("[data-live-state]");
    const say = (on) => {
      if (!state) return;
      state.toggleAttribute("data-on", on);
      state.textContent = on ? state.dataset.yes : state.dataset.no;
    };
    const notice = document.querySelector("[data-new]");
    const unseen = new Set();
    const source = new EventSource(live.dataset.live);
    source.addEventListener("open", () => say(true));
    source.addEventListener("error", () => say(false));
    source.addEventListener("row", (event) => swap(event.data));
    source.addEventListener("fragment", (event) => swap(event.data));
    source.addEventListener("new", (event) => {
      const row = element(event.data);
      if (!row || document.getElementById(row.id)) return;
      if (live.hasAttribute("data-until-new")) return location.reload();
      const rows = live.querySelector("[data-grows]");
      const placed = (one) => one.querySelector("td:last-child time").dateTime;
      // Nothing moves under a hand that is about to press, and an import is no news.
      const fits = rows && rows.rows.length < MOST_ROWS && placed(row) >= placed(rows.rows[0]);
      if (fits && !rows.matches(":hover, :focus-within")) {
        rows.prepend(row);
        count();
        return row.classList.add("fresh");
      }
      if (!notice) return;
      unseen.add(row.id);
      const text = unseen.size === 1 ? notice.dataset.one : notice.dataset.other;
      notice.querySelector("[data-text]").textContent = text.replace("{n}", unseen.size);
      notice.hidden = false;
    });
    source.addEventListener("problems", (event) => {
      for (const badge of all("[data-problems]")) {
        badge.textContent = event.data;
        badge.hidden = event.data === "0";
      }
    });
    source.addEventListener("done", () => location.reload());
    addEventListener("pagehide", () => source.close());
  }

  // One press is one request.
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    // A download leaves the page as it is: nothing would take the mark off again.
    if (!button || event.target.method === "get" || button.hasAttribute("data-download")) return;
    if (button.getAttribute("aria-busy") === "true") return event.preventDefault();
    button.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => {
    for (const button of all("[aria-busy]")) button.removeAttribute("aria-busy");
  });

  // Pictures are put in order by drag, too; a drop presses a button that each has for that.
  for (const list of all("[data-order]")) {
    let held = null;
    let behind = null;
    const places = () => [...list.children];
    for (const item of places()) item.draggable = true;
    list.addEventListener("dragstart", (event) => {
      held = event.target.closest?.("[data-order] > li");
      behind = held?.nextElementSibling;
      held?.classList.add("held");
    });
    list.addEventListener("dragover", (event) => {
      if (!held) return;
      event.preventDefault();
      const over = event.target.closest?.("[data-order] > li");
      if (!over || over === held) return;
      const later = places().indexOf(over) > places().indexOf(held);
      over[later ? "after" : "before"](held);
    });
    list.addEventListener("drop", (event) => {
      if (!held) return;
      event.preventDefault();
      const form = held.querySelector("form");
      const place = places().indexOf(held) + 1;
      const moved = String(place) !== form.elements.place.value;
      held.classList.remove("held");
      held = null;
      form.elements.place.value = place;
      if (moved) form.requestSubmit(form.querySelector("[data-to]"));
    });
    // Let go elsewhere: as it was.
    list.addEventListener("dragend", () => {
      if (!held) return;
      list.insertBefore(held, behind);
      held.classList.remove("held");
      held = null;
    });
  }

  // Passkeys: a form shows itself where the browser has them, asks, and is sent.
  const passkeys = window.PublicKeyCredential?.parseRequestOptionsFromJSON && PublicKeyCredential;
  const begin = async (form, address) => {
    const answer = await fetch(address, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    if (!answer.ok || !answer.headers.get("content-type")?.startsWith("application/json")) {
      throw new Error("no question");
    }
    return answer.json();
  };
  let quiet = null;
  const ask = async (form, options) => {
    try {
      const found = await options();
      form.querySelector("[name=credential]").value = JSON.stringify(found.toJSON());
      form.submit();
    } catch (error) {
      if (error.name === "AbortError") return;
      const say = form.querySelector("[data-passkey-said]");
      say.textContent = say.dataset.cancelled;
      form.querySelector("button").removeAttribute("aria-busy");
    }
  };
  const wire = (form, options) => {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      quiet?.abort();
      ask(form, options);
    });
  };
  if (passkeys) {
    for (const form of all("form[data-passkey]")) {
      const question = async () => {
        const json = form.dataset.options ? JSON.parse(form.dataset.options) : await begin(form, form.dataset.passkey);
        return passkeys.parseRequestOptionsFromJSON(json);
      };
      wire(form, async () => navigator.credentials.get({ publicKey: await question() }));
      if (form.hasAttribute("data-conditional") && passkeys.isConditionalMediationAvailable) {
        passkeys.isConditionalMediationAvailable().then(async (can) => {
          if (!can) return;
          quiet = new AbortController();
          const publicKey = await question();
          const found = navigator.credentials.get({ publicKey, mediation: "conditional", signal: quiet.signal });
          ask(form, () => found);
        }).catch(() => {});
      }
    }
    for (const form of all("form[data-passkey-new]")) {
      wire(form, async () => navigator.credentials.create({
        publicKey: passkeys.parseCreationOptionsFromJSON(await begin(form, form.dataset.passkeyNew)),
      }));
    }
  }

  document.querySelector("[data-focus]")?.focus();

  // Menus close as people expect.
  document.addEventListener("click", (event) => {
    for (const menu of all(".menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });

  // Keys; a switch in the help turns them off (WCAG 2.1.4).
  const help = document.getElementById("keys");
  const toggle = document.querySelector("[data-keys]");
  const off = () => localStorage.getItem("keys") === "off";
  if (toggle) {
    toggle.checked = !off();
    toggle.addEventListener("change", () => localStorage.setItem("keys", toggle.checked ? "on" : "off"));
  }
  for (const opener of all("[data-open-keys]")) {
    opener.hidden = false;
    opener.addEventListener("click", () => help.showModal());
  }
  const step = (by) => {
    const links = [...all("tbody tr .lead a")];
    const here = links.indexOf(document.activeElement);
    links.at(Math.min(Math.max(here + by, 0), links.length - 1))?.focus();
  };
  let going = 0;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") for (const menu of all(".menu[open]")) menu.open = false;
    const typing = event.target.closest("input, select, textarea, dialog");
    if (off() || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (going && Date.now() - going < 1500) {
      going = 0;
      document.querySelector(`.places [data-key="${CSS.escape(event.key)}"]`)?.click();
      return;
    }
    going = event.key === "g" ? Date.now() : 0;
    if (event.key === "j") step(1);
    if (event.key === "k") step(-1);
    if (event.key === "?") help?.showModal();
    if (event.key === "/") {
      const search = document.querySelector("input[type=search]");
      if (search) {
        event.preventDefault();
        search.focus();
      }
    }
  });
})();
