/* What pages do besides links and forms, for whoever runs scripts. Every page works without it. */

(function () {
  "use strict";

  // A button with data-copy names the element whose text or value goes to the clipboard.
  function copied(button) {
    const source = document.getElementById(button.dataset.copy);
    const text = source.value === undefined ? source.textContent.trim() : source.value;
    navigator.clipboard.writeText(text).then(function () {
      const told = button.querySelector("[data-words]");
      const before = told.textContent;
      told.textContent = told.dataset.done;
      button.classList.add("is-done");
      setTimeout(function () { told.textContent = before; button.classList.remove("is-done"); }, 2000);
    });
  }

  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-copy]");
    if (button) copied(button);
  });

  // Buttons that only work with scripts are hidden until there are some.
  function reveal(root) {
    for (const part of root.querySelectorAll("[data-scripted]")) part.hidden = false;
  }

  document.addEventListener("DOMContentLoaded", function () { reveal(document); });
  document.addEventListener("htmx:afterSwap", function () { reveal(document); });

  // A second press of a button that has been pressed does nothing.
  document.addEventListener("submit", function (event) {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    window.addEventListener("pageshow", function () { delete form.dataset.sent; }, { once: true });
  });
})();
