// The strip of sample films: a click fetches the film and hands it on, as if it had been chosen.

import { request } from "./request.js";

/**
 * @param {object} options
 * @param {(film: File) => void} options.onFilm
 * @param {(error: unknown, again: () => void) => void} options.onProblem
 */
export function offerSamples({ onFilm, onProblem }) {
  for (const button of document.querySelectorAll("button[data-film]")) {
    const place = button.getAttribute("data-film") ?? "";
    const fetchFilm = async () => {
      try {
        const response = await request(new URL(place, document.baseURI).href);
        onFilm(new File([await response.blob()], "sample"));
      } catch (error) {
        onProblem(error, fetchFilm);
      }
    };
    button.addEventListener("click", fetchFilm);
  }
}
