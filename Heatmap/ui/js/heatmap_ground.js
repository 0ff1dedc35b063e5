(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /** A gradient counts as so many stripes of one colour each. */
  const STRIPES = 16;
  /** WCAG's contrast of small text; and what a text gets that has less. */
  const LEAST_CONTRAST = 4.5;
  const GOOD_CONTRAST = 10;
  /** Words are written with this alpha. */
  const TEXT_ALPHA = 0.9;
  const MIX_STEPS = 16;
  const BLACK = [0, 0, 0];
  const WHITE = [255, 255, 255];
  /** Where nothing says what lies behind a transparent chart: what suits light or dark words. */
  const UNKNOWN_DARK = [19, 23, 34];
  const LIGHT_TEXT = 0.3;

  /**
   * A place to write on: its ground, and an ink that can be read there.
   * @typedef {Object} Place
   * @property {string} colour CSS, opaque
   * @property {string} ink CSS; the chart's own text colour where that is legible
   */

  /** @param {number[]} rgb @returns {number} relative luminance, 0 to 1 */
  function luminance(rgb) {
    const [r, g, b] = rgb.map((channel) => {
      const c = channel / 255;
      return c <= 0.04045 ? c / 12.92 : Math.pow((c + 0.055) / 1.055, 2.4);
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }

  /** @param {number[]} one @param {number[]} other @returns {number} 1 to 21, as WCAG has it */
  function contrast(one, other) {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  }

  /** @returns {number[]} `over` laid on `under` with an alpha, red, green, blue */
  function blend(under, over, alpha) {
    return under.map((channel, i) => channel + (over[i] - channel) * alpha);
  }

  /** @param {number[]} rgb @returns {string} #rrggbb */
  function toHex(rgb) {
    return "#" + rgb.map((each) => (256 + Math.round(each)).toString(16).slice(1)).join("");
  }

  /**
   * The chart's own text colour where it can be read on a ground; else one near to it that
   * can: a host may change its background and leave its words as they were.
   * @param {number[]} ground @param {number[]} text red, green, blue, alpha
   * @param {string} css the text colour as the chart has it
   * @returns {string} CSS
   */
  function inkOn(ground, text, css) {
    const asSeen = blend(ground, text, (text[3] / 255) * TEXT_ALPHA);
    if (contrast(ground, asSeen) >= LEAST_CONTRAST) {
      return css;
    }
    const end = contrast(ground, BLACK) > contrast(ground, WHITE) ? BLACK : WHITE;
    const start = blend(ground, text, text[3] / 255);
    for (let step = 1; step < MIX_STEPS; step += 1) {
      const ink = blend(start, end, step / MIX_STEPS);
      if (contrast(ground, blend(ground, ink, TEXT_ALPHA)) >= GOOD_CONTRAST) {
        return toHex(ink);
      }
    }
    return toHex(end);
  }

  /**
   * What the chart is drawn on, as one sees it: its background, one colour or a gradient from top
   * to bottom, and, where that is translucent, what the page has behind it.
   */
  class Ground {
    /**
     * @param {any} chart
     * @param {string | null} base CSS colour of a page that paints nothing; null: not known
     */
    constructor(chart, base) {
      this._chart = chart;
      this._base = base;
      this._canvas = document.createElement("canvas");
      this._canvas.width = 1;
      this._canvas.height = 1;
      this._context = this._canvas.getContext("2d", { willReadFrequently: true });
      this._key = "";
      /** Another one for other colours. */
      this.version = 0;
      this._isOpaque = true;
      this._behind = "";
      /** The mean of a gradient: #rrggbb. */
      this.hex = "";
      /** @type {Place} for what stands at no certain height */
      this.place = { colour: "", ink: "" };
      /** @type {Place[]} from top to bottom */
      this.stripes = [this.place];
    }

    /**
     * Look at the chart's options; called with every frame.
     * @returns {boolean} whether anything has changed
     */
    look() {
      const { background, textColor } = this._chart.options().layout;
      const [top, bottom] = coloursOf(background);
      const key = top + "|" + bottom + "|" + textColor;
      if (key === this._key) {
        return false;
      }
      this._key = key;
      this._take(top, bottom, textColor);
      return true;
    }

    /** @returns {boolean} whether the page behind a translucent chart has another colour now */
    hasNewBehind() {
      if (this._isOpaque || this._key === "") {
        return false;
      }
      const text = this._parse(this._chart.options().layout.textColor);
      if (toHex(this._lookBehind(text)) === this._behind) {
        return false;
      }
      this._key = "";
      return true;
    }

    /** @param {number} y @param {number} height of the pane @returns {Place} */
    at(y, height) {
      const { stripes } = this;
      const index = Math.floor((y / height) * stripes.length);
      return stripes[Math.max(0, Math.min(stripes.length - 1, index || 0))];
    }

    _take(top, bottom, textColor) {
      this.version += 1;
      const text = this._parse(textColor);
      const ends = [this._parse(top), this._parse(bottom)];
      this._isOpaque = ends[0][3] === 255 && ends[1][3] === 255;
      const behind = this._isOpaque ? WHITE : this._lookBehind(text);
      this._behind = toHex(behind);
      const [first, last] = ends.map((end) => blend(behind, end.slice(0, 3), end[3] / 255));
      this.hex = toHex(blend(first, last, 0.5));
      const placeOf = (/** @type {number[]} */ rgb) => ({
        colour: toHex(rgb), ink: inkOn(rgb, text, textColor),
      });
      this.place = placeOf(blend(first, last, 0.5));
      this.stripes = [this.place];
      if (toHex(first) !== toHex(last)) {
        this.stripes = [];
        for (let i = 0; i < STRIPES; i += 1) {
          this.stripes.push(placeOf(blend(first, last, (i + 0.5) / STRIPES)));
        }
      }
    }

    /** @returns {number[]} the colour behind the chart's element, red, green, blue */
    _lookBehind(text) {
      const layers = elementsBehind(this._chart.chartElement()).map((element) =>
        this._parse(getComputedStyle(element).backgroundColor),
      );
      let colour = luminance(text.slice(0, 3)) > LIGHT_TEXT ? UNKNOWN_DARK : WHITE;
      if (this._base !== null) {
        colour = this._parse(this._base).slice(0, 3);
      }
      for (const layer of layers.reverse()) {
        colour = blend(colour, layer.slice(0, 3), layer[3] / 255);
      }
      return colour;
    }

    /** @param {string} css any colour @returns {number[]} red, green, blue, alpha, 0 to 255 */
    _parse(css) {
      const context = this._context;
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = "#000000";
      // The canvas knows every way to write a colour, and ignores what is none.
      context.fillStyle = css;
      context.fillRect(0, 0, 1, 1);
      return Array.from(context.getImageData(0, 0, 1, 1).data);
    }
  }

  /**
   * @param {any} element of the chart
   * @returns {Element[]} what lies behind its middle, front to back; where that is not on the
   *   screen, what it is in
   */
  function elementsBehind(element) {
    const { left, top, width, height } = element.getBoundingClientRect();
    const stack = document.elementsFromPoint(left + width / 2, top + height / 2);
    let behind = stack.slice(stack.indexOf(element) + 1);
    if (!stack.includes(element)) {
      behind = [];
      for (let each = element.parentElement; each !== null; each = each.parentElement) {
        behind.push(each);
      }
    }
    // The page itself takes its root's colour; or its body's, where the root has none.
    const { documentElement: root, body } = document;
    const ofRoot = getComputedStyle(root).backgroundColor;
    const isBare = ofRoot === "transparent" || ofRoot === "rgba(0, 0, 0, 0)";
    const page = isBare ? body : root;
    return behind.filter((each) => each !== root && each !== page).concat([page]);
  }

  /**
   * @param {any} background option of the chart; one that was changed to another type still has
   *   the colours of the one before
   * @returns {string[]} CSS colours at the top and at the bottom
   */
  function coloursOf(background) {
    return background.type === "gradient"
      ? [background.topColor, background.bottomColor]
      : [background.color, background.color];
  }

  heatmap.ground = { Ground };
})(this);
