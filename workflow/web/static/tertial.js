// Small comforts on top of pages that work without them: a word when something is not saved, and a question before it is lost.
"use strict";

const form = document.getElementById("svara");
const status = document.getElementById("sparat");

if (form && status) {
  let dirty = false;
  form.addEventListener("input", () => {
    if (!dirty) status.textContent = status.dataset.unsaved;
    dirty = true;
  });
  form.addEventListener("submit", () => { dirty = false; });
  window.addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
}
