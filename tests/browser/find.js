// What a person would press or fill, by the name that they read or hear.
const [kind, name, within] = arguments;
const plain = (text) => (text || "").replace(/\s+/g, " ").trim();
const shown = (element) => element.checkVisibility() && element.getClientRects().length > 0;
const size = (element) => element.innerText.length;

let place = document.body;
if (within) {
  const holders = [...document.querySelectorAll("tr, li, section, nav, header, main")];
  place = holders
    .filter((holder) => shown(holder) && plain(holder.innerText).includes(within))
    .sort((one, other) => size(one) - size(other))[0];
  if (!place) return null;
}
if (kind === "field") {
  const label = [...place.querySelectorAll("label")].find((label) => plain(label.innerText) === name);
  return label && label.control && shown(label.control) ? label.control : null;
}
const called = (element) => plain(element.getAttribute("aria-label") || element.innerText);
const pressed = [...place.querySelectorAll("a[href], button, summary")];
return (
  pressed.find((element) => shown(element) && (called(element) === name || plain(element.innerText) === name)) || null
);
