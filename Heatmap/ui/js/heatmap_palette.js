(function (global) {
  "use strict";

  /**
   * Palettes: a few control colours each, interpolated in CIE L*a*b*, so that lightness runs
   * evenly from little to much. This file is the only place that knows the colours; the settings
   * tab evaluates it for its swatches. It uses no page API and only ES2016, so that a bare
   * JavaScript engine can run it.
   */
  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /** Control colours from byte 1 to byte 255, evenly spaced. Lightness is monotonic. */
  const CONTROL_COLOURS = {
    aurora: ["#2a1750", "#37308a", "#2b5aa0", "#1f8396", "#2aa884", "#7cc653", "#f2d522"],
    viridis: ["#42104f", "#433d83", "#30688d", "#22908b", "#3cb575", "#97d53f", "#fbe62a"],
    inferno: ["#1d0b3f", "#53126b", "#8c2566", "#c63f4c", "#ee6f28", "#faac1c", "#fbf3a0"],
    ice: ["#10224d", "#173f7d", "#1c62aa", "#2d8aca", "#5cb1de", "#9dd5ec", "#eefaff"],
    daylight: ["#8fcf9a", "#62b8ac", "#3d9fb2", "#2c80ac", "#305f9f", "#393885", "#3b1157"],
  };

  const DEFAULT_PALETTE = "aurora";
  /**
   * Where longs and shorts are drawn apart: orange against blue, which colour-blind eyes tell
   * apart as well, from little to much; towards white on dark grounds, towards black on light ones.
   */
  const SIDE_COLOURS = {
    dark: {
      long: ["#40180a", "#7d2f0c", "#bd5312", "#ee8c28", "#ffd48a"],
      short: ["#0c2342", "#10457c", "#1572ba", "#34a2e4", "#9bdcff"],
    },
    light: {
      long: ["#f7dcbc", "#f0ae66", "#dc7a22", "#a84a0c", "#6a2300"],
      short: ["#cfe3f5", "#90c0e8", "#4c93d2", "#1e60a8", "#0a2c60"],
    },
  };
  const SPLIT_LEVELS = 127;
  /** A ground of this lightness (L*) and more is a light one. */
  const LIGHT_FROM = 50;
  /** Alpha of a byte is opacity * (byte / 255) ** ALPHA_EXPONENT: faint heat stays a hint. */
  const ALPHA_EXPONENT = 0.5;
  /** D65 white, for L*a*b*. */
  const WHITE = [0.95047, 1.0, 1.08883];

  /** @param {number} channel sRGB, 0 to 255 @returns {number} linear light, 0 to 1 */
  function toLinear(channel) {
    const c = channel / 255;
    return c <= 0.04045 ? c / 12.92 : Math.pow((c + 0.055) / 1.055, 2.4);
  }

  /** @param {number} light linear, any @returns {number} sRGB, whole, 0 to 255 */
  function fromLinear(light) {
    const c = light <= 0.0031308 ? 12.92 * light : 1.055 * Math.pow(light, 1 / 2.4) - 0.055;
    return Math.round(255 * Math.min(1, Math.max(0, c)));
  }

  /** @param {number} t */
  function labCurve(t) {
    return t > 216 / 24389 ? Math.cbrt(t) : ((24389 / 27) * t + 16) / 116;
  }

  /** @param {number} f */
  function labCurveInverse(f) {
    return f * f * f > 216 / 24389 ? f * f * f : (116 * f - 16) / (24389 / 27);
  }

  /** @param {string} hex #rrggbb @returns {number[]} L*, a*, b* */
  function hexToLab(hex) {
    const r = toLinear(parseInt(hex.slice(1, 3), 16));
    const g = toLinear(parseInt(hex.slice(3, 5), 16));
    const b = toLinear(parseInt(hex.slice(5, 7), 16));
    const fx = labCurve((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / WHITE[0]);
    const fy = labCurve((0.2126729 * r + 0.7151522 * g + 0.072175 * b) / WHITE[1]);
    const fz = labCurve((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / WHITE[2]);
    return [116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)];
  }

  /** @param {number[]} lab @returns {number[]} red, green, blue, 0 to 255 */
  function labToRgb(lab) {
    const fy = (lab[0] + 16) / 116;
    const x = WHITE[0] * labCurveInverse(fy + lab[1] / 500);
    const y = WHITE[1] * labCurveInverse(fy);
    const z = WHITE[2] * labCurveInverse(fy - lab[2] / 200);
    return [
      fromLinear(3.2404542 * x - 1.5371385 * y - 0.4985314 * z),
      fromLinear(-0.969266 * x + 1.8760108 * y + 0.041556 * z),
      fromLinear(0.0556434 * x - 0.2040259 * y + 1.0572252 * z),
    ];
  }

  /** @param {string} name @returns {boolean} */
  function isKnown(name) {
    return Object.prototype.hasOwnProperty.call(CONTROL_COLOURS, name);
  }

  /**
   * The colour at a place of a palette.
   * @param {string} name one of names(); anything else gives the default palette
   * @param {number} place 0 (little) to 1 (much)
   * @returns {number[]} red, green, blue, 0 to 255
   */
  function colourAt(name, place) {
    return mix(CONTROL_COLOURS[isKnown(name) ? name : DEFAULT_PALETTE], place);
  }

  /**
   * The colour of one side at a place from little to much.
   * @param {"dark" | "light"} ground what it is drawn on
   * @param {"long" | "short"} side @param {number} place 0 to 1
   * @returns {number[]} red, green, blue, 0 to 255
   */
  function sideColourAt(ground, side, place) {
    return mix(SIDE_COLOURS[ground][side], place);
  }

  /** @param {number[]} rgb @returns {string} #rrggbb */
  function toHex(rgb) {
    return "#" + rgb.map((channel) => (256 + channel).toString(16).slice(1)).join("");
  }

  /** @param {string[]} controls evenly spaced @param {number} place 0 to 1 */
  function mix(controls, place) {
    const position = Math.min(1, Math.max(0, place)) * (controls.length - 1);
    const index = Math.min(controls.length - 2, Math.floor(position));
    const low = hexToLab(controls[index]);
    const high = hexToLab(controls[index + 1]);
    const part = position - index;
    return labToRgb(low.map((value, axis) => value + (high[axis] - value) * part));
  }

  heatmap.palette = {
    /** @returns {string[]} the palettes' names, the default first */
    names() {
      return Object.keys(CONTROL_COLOURS);
    },

    colourAt,

    sideColourAt,

    /**
     * One colour for each side, for what is drawn beside the heat.
     * @param {"dark" | "light"} ground what it is drawn on
     * @returns {{long: string, short: string}} #rrggbb
     */
    sideColours(ground) {
      return {
        long: toHex(sideColourAt(ground, "long", 0.68)),
        short: toHex(sideColourAt(ground, "short", 0.68)),
      };
    },

    /** @param {string} hex #rrggbb @returns {"dark" | "light"} what a colour is as a ground */
    groundOf(hex) {
      return hexToLab(hex)[0] < LIGHT_FROM ? "dark" : "light";
    },

    /**
     * Colours for a sample of the palette, from little to much.
     * @param {string} name
     * @param {number} count 2 and up
     * @returns {string[]} #rrggbb
     * @throws {Error} there is no such palette
     */
    swatches(name, count) {
      if (!isKnown(name)) {
        throw new Error("there is no palette " + name);
      }
      const colours = [];
      for (let i = 0; i < count; i += 1) {
        colours.push(toHex(colourAt(name, i / (count - 1))));
      }
      return colours;
    },

    /**
     * The look-up table from a cell's byte to its pixel. Byte 0 is fully transparent.
     * @param {string} name
     * @param {number} opacity alpha of byte 255, 0 to 1
     * @returns {Uint8ClampedArray} 256 times red, green, blue, alpha (not premultiplied)
     */
    lookUpTable(name, opacity) {
      const table = new Uint8ClampedArray(256 * 4);
      for (let value = 1; value < 256; value += 1) {
        const rgb = colourAt(name, (value - 1) / 254);
        table[value * 4] = rgb[0];
        table[value * 4 + 1] = rgb[1];
        table[value * 4 + 2] = rgb[2];
        table[value * 4 + 3] = 255 * opacity * Math.pow(value / 255, ALPHA_EXPONENT);
      }
      return table;
    },

    /**
     * The look-up table where longs and shorts are drawn apart: the level stands above the lowest
     * bit, which says longs. Bytes 0 and 1 are fully transparent.
     * @param {"dark" | "light"} ground what it is drawn on
     * @param {number} opacity alpha of the strongest level, 0 to 1
     * @returns {Uint8ClampedArray} 256 times red, green, blue, alpha (not premultiplied)
     */
    splitLookUpTable(ground, opacity) {
      const table = new Uint8ClampedArray(256 * 4);
      for (let value = 2; value < 256; value += 1) {
        const level = value >> 1;
        const side = value % 2 === 1 ? "long" : "short";
        const rgb = sideColourAt(ground, side, (level - 1) / (SPLIT_LEVELS - 1));
        table[value * 4] = rgb[0];
        table[value * 4 + 1] = rgb[1];
        table[value * 4 + 2] = rgb[2];
        table[value * 4 + 3] = 255 * opacity * Math.pow(level / SPLIT_LEVELS, ALPHA_EXPONENT);
      }
      return table;
    },
  };
})(this);
