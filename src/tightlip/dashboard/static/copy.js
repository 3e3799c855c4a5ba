// Buttons that copy a declaration. The declarations can be read and selected without them.
"use strict";

function addCopyButtons(root) {
  for (const block of root.querySelectorAll("pre.copied")) {
    if (!navigator.clipboard) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(block.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(block);
        button.textContent = "Selected";
      }
    });
    block.before(button);
  }
}

addCopyButtons(document);
