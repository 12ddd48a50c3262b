// The film on its stage: window and level, zoom, and moving a zoomed film.

const ZOOM_STEP = 1.25;

export class View {
  /**
   * @param {HTMLElement} stage scrolls when the film is larger
   * @param {HTMLImageElement} film
   * @param {{level: HTMLInputElement, window: HTMLInputElement, zoom: HTMLInputElement, invert: HTMLElement}} controls
   * @param {NodeListOf<Element>} functions of the filter, one for each colour
   */
  constructor(stage, film, controls, functions) {
    this.stage = stage;
    this.film = film;
    this.controls = controls;
    this.functions = functions;
    for (const name of /** @type {const} */ (["level", "window"])) {
      controls[name].addEventListener("input", () => this.#grey());
    }
    controls.zoom.addEventListener("input", () => this.#size());
    controls.invert.addEventListener("click", () => this.invert());
    stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.#moveByDragging();
    this.reset();
  }

  /** @param {string} source of the film, a data URL */
  show(source) {
    this.film.src = source;
    this.reset();
  }

  reset() {
    const { level, window, zoom, invert } = this.controls;
    [level.value, window.value, zoom.value] = ["50", "100", "1"];
    invert.setAttribute("aria-pressed", "false");
    this.#grey();
    this.#size();
  }

  invert() {
    const { invert } = this.controls;
    invert.setAttribute("aria-pressed", String(invert.getAttribute("aria-pressed") !== "true"));
    this.#grey();
  }

  /** @param {1 | -1} direction closer or farther */
  zoom(direction) {
    const { left, top, width, height } = this.stage.getBoundingClientRect();
    this.#zoomAt(direction, left + width / 2, top + height / 2);
  }

  get isZoomed() {
    return this.controls.zoom.valueAsNumber > 1;
  }

  /** Shows grey g as (g - level) / window + 1/2, cut to [0, 1]: DICOM PS3.3 C.11.2.1.2 in shares of the range. */
  #grey() {
    const { level, window, invert } = this.controls;
    const slope = 100 / window.valueAsNumber;
    const intercept = 0.5 - slope * (level.valueAsNumber / 100);
    const isInverted = invert.getAttribute("aria-pressed") === "true";
    for (const part of this.functions) {
      part.setAttribute("slope", String(isInverted ? -slope : slope));
      part.setAttribute("intercept", String(isInverted ? 1 - intercept : intercept));
    }
  }

  #size() {
    this.film.style.setProperty("--zoom", this.controls.zoom.value);
    this.stage.toggleAttribute("data-zoomed", this.isZoomed);
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    if (event.deltaY !== 0) this.#zoomAt(event.deltaY < 0 ? 1 : -1, event.clientX, event.clientY);
  }

  /**
   * Keeps the place under a point of the screen where it is.
   *
   * @param {1 | -1} direction
   * @param {number} x
   * @param {number} y
   */
  #zoomAt(direction, x, y) {
    const { stage, controls: { zoom } } = this;
    const before = zoom.valueAsNumber;
    zoom.value = String(before * ZOOM_STEP ** direction);
    const grown = zoom.valueAsNumber / before;
    const { left, top } = stage.getBoundingClientRect();
    const [column, row] = [(stage.scrollLeft + x - left) * grown, (stage.scrollTop + y - top) * grown];
    this.#size();
    stage.scrollTo(column - (x - left), row - (y - top));
  }

  #moveByDragging() {
    this.stage.addEventListener("pointerdown", (event) => {
      if (event.button === 0 && this.isZoomed) this.stage.setPointerCapture(event.pointerId);
    });
    this.stage.addEventListener("pointermove", (event) => {
      if (this.stage.hasPointerCapture(event.pointerId)) this.stage.scrollBy(-event.movementX, -event.movementY);
    });
  }
}
