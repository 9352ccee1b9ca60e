// A card's picture moves while the mouse is on it, for those who like things to move.

import { $ } from "./dom.js";

const still = matchMedia("(prefers-reduced-motion: reduce)");

/** `address()`: of the moving picture; empty while there is none. It is fetched when it is wanted, not before. */
export function moveOnHover(node, address) {
  const frame = $(".frame", node);
  const stop = () => $(".moving", frame)?.remove();
  node.addEventListener("pointerenter", (event) => {
    const url = address();
    if (!url || still.matches || event.pointerType === "touch") return;
    const image = document.createElement("img");
    image.className = "moving";
    image.alt = "";
    image.addEventListener("load", () => image.classList.add("here"));
    image.src = url;
    stop();
    frame.insertBefore(image, $("[data-length]", frame));
  });
  node.addEventListener("pointerleave", stop);
}
