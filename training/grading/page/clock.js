// How long a film was looked at: time in which the sheet is hidden does not count.

export class Clock {
  #spent = 0;
  /** @type {number | null} null while the sheet is hidden */
  #since = null;

  constructor() {
    this.restart();
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#stop() : this.#go()));
  }

  restart() {
    this.#spent = 0;
    this.#since = document.hidden ? null : performance.now();
  }

  get seconds() {
    return this.#spent + (this.#since === null ? 0 : (performance.now() - this.#since) / 1000);
  }

  #stop() {
    this.#spent = this.seconds;
    this.#since = null;
  }

  #go() {
    this.#since = performance.now();
  }
}
