// Copies a field at a button's click. Without scripts the buttons stay hidden, and the fields can be selected.
for (const button of document.querySelectorAll("[data-copies]")) {
  const field = document.getElementById(button.dataset.copies);
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    field.select();
    await navigator.clipboard.writeText(field.value);
    document.getElementById("copied").textContent = `Copied: ${field.labels[0].textContent}`;
  });
}
