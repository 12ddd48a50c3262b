// The ways in: choosing, dropping anywhere on the page, pasting.

import { part } from "./elements.js";
import { Problem } from "./problem.js";

/**
 * @param {object} options
 * @param {(file: File, others: number) => void} options.onFilm a file, and how many more came with it
 * @param {(problem: Problem) => void} options.onProblem
 */
export function listenForFilms({ onFilm, onProblem }) {
  /** @param {FileList | null | undefined} files */
  const take = (files) => {
    const first = files?.[0];
    if (first) onFilm(first, files.length - 1);
    else onProblem(new Problem("nothing_to_read"));
  };
  listenForChoice(take);
  listenForDrops(take);
  document.addEventListener("paste", (event) => take(event.clipboardData?.files));
}

/** @param {(files: FileList | null) => void} take */
function listenForChoice(take) {
  const input = part("file", HTMLInputElement);
  input.addEventListener("change", () => {
    if (input.files?.length) take(input.files);
    input.value = ""; // so that choosing the same file again is a change again
  });
}

/** @param {(files: FileList | undefined) => void} take */
function listenForDrops(take) {
  const veil = part("veil");
  const drop = part("drop");
  const show = (/** @type {boolean} */ over) => {
    veil.hidden = !over || !part("intake").hidden;
    drop.toggleAttribute("data-over", over);
  };
  // A drop that no one prevents makes the browser leave the page and open the file.
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
    show(true);
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) show(false);
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    show(false);
    take(event.dataTransfer?.files);
  });
}
