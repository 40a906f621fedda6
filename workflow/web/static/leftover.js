// Text that is still only in this browser though its question is closed: shown, to copy or to take away.

import { all, drop } from "./kept.js";

const place = document.getElementById("kvar");
const open = new Set([...document.querySelectorAll("[data-key]")].map((section) => section.dataset.key));

for (const [key, record] of place ? all(place.dataset.submission) : []) {
  const words = [record.text, record.na ? record.reason : ""].filter((text) => text.trim()).join("\n\n");
  if (!open.has(key) && words) show(key, words);
}

function show(key, words) {
  const one = place.querySelector("template").content.cloneNode(true);
  const item = one.querySelector("li");
  const names = JSON.parse(place.dataset.names);
  one.querySelector("h3").textContent = names[key] ?? key;
  one.querySelector(".quoted").textContent = words;
  one.querySelector("button").addEventListener("click", () => {
    drop(place.dataset.submission, key);
    item.remove();
    place.hidden = !place.querySelector("li");
    document.getElementById("main").focus();
  });
  place.querySelector("ul").append(one);
  place.hidden = false;
}
