// The player's keyboard. Keys belong to whoever types: fields, dialogs and buttons keep theirs.

export const help = [
  ["Space or K", "Play or pause"],
  ["← →", "5 seconds back or forward"],
  ["J L", "10 seconds back or forward"],
  ["↑ ↓", "Louder, quieter"],
  ["M", "Sound off or on"],
  ["C", "Captions on or off"],
  ["F", "Full screen"],
  ["0 – 9", "To that tenth of the recording"],
  ["< >", "Slower, faster"],
  ["?", "This list"],
];

/** Calls actions by name: toggle, skip(seconds), tenth(n), louder(step), mute, full, captions, faster(step), help. */
export function listen(actions) {
  const table = {
    " ": () => actions.toggle(), k: () => actions.toggle(),
    arrowleft: () => actions.skip(-5), arrowright: () => actions.skip(5),
    j: () => actions.skip(-10), l: () => actions.skip(10),
    arrowup: () => actions.louder(0.05), arrowdown: () => actions.louder(-0.05),
    m: () => actions.mute(), f: () => actions.full(), c: () => actions.captions(),
    home: () => actions.tenth(0), end: () => actions.tenth(10),
    "<": () => actions.faster(-1), ">": () => actions.faster(1), "?": () => actions.help(),
  };
  for (let n = 0; n <= 9; n += 1) table[n] = () => actions.tenth(n);

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    if (!table[key] || !free(event.target, key)) return;
    event.preventDefault();
    table[key]();
  });
}

function free(target, key) {
  if (document.querySelector("dialog[open]")) return false;
  if (target.matches("input:not([type=range]), textarea, select, [contenteditable]")) return false;
  if (key === " ") return !target.closest("button, a, summary, [role=menu]");
  if (target.matches("input[type=range]") && target.dataset.keys === "own") {
    return !["arrowleft", "arrowright", "arrowup", "arrowdown", "home", "end"].includes(key);
  }
  // The page must stay scrollable where the player is not meant.
  if (["arrowup", "arrowdown", "home", "end"].includes(key)) return target.closest(".player") !== null;
  return true;
}
