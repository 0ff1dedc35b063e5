(function (global) {
  "use strict";

  /**
   * Palettes: a few control colours each, interpolated in CIE L*a*b*, so that lightness runs
   * evenly from little to much: away from what they are drawn on, hence one row for dark grounds
   * and one for light ones. This file is the only place that knows the colours; the settings tab
   * evaluates it for its swatches. It uses no page API and only ES2016, so that a bare JavaScript
   * engine can run it.
   */
  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /**
   * What colours are drawn on: "dark" or "light" for the usual ones, or the ground itself as
   * #rrggbb, which the colours keep away from.
   * @typedef {string} Ground
   */

  /** Control colours from byte 1 to byte 255, evenly spaced. Lightness is monotonic. */
  const CONTROL_COLOURS = {
    aurora: {
      dark: ["#2a1750", "#37308a", "#2b5aa0", "#1f8396", "#2aa884", "#7cc653", "#f2d522"],
      light: ["#ecd11c", "#96cb37", "#2cb57c", "#1394a4", "#2a6cb4", "#3d3ca0", "#2a1750"],
    },
    viridis: {
      dark: ["#42104f", "#433d83", "#30688d", "#22908b", "#3cb575", "#97d53f", "#fbe62a"],
      light: ["#ddd16a", "#a9c567", "#6cb07e", "#428f86", "#3c6d84", "#454a72", "#3a0d47"],
    },
    inferno: {
      dark: ["#1d0b3f", "#53126b", "#8c2566", "#c63f4c", "#ee6f28", "#faac1c", "#fbf3a0"],
      light: ["#f3cf7a", "#f3a545", "#e5763a", "#c74a4b", "#982a62", "#5c1869", "#230b42"],
    },
    ice: {
      dark: ["#10224d", "#173f7d", "#1c62aa", "#2d8aca", "#5cb1de", "#9dd5ec", "#eefaff"],
      light: ["#b9dcf2", "#8cc4e8", "#58a8dc", "#3388c6", "#2368aa", "#1a4783", "#10224d"],
    },
    daylight: {
      dark: ["#0f2f2a", "#14504f", "#1d6f80", "#4189ad", "#7f9cd2", "#bcb0ee", "#f2d4ff"],
      light: ["#8fcf9a", "#62b8ac", "#3d9fb2", "#2c80ac", "#305f9f", "#393885", "#3b1157"],
    },
  };
  /** The ground that a palette is shown on where there is none, such as in a list. */
  const HOME_GROUNDS = { daylight: "light" };

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
  /** Colours begin so far from their ground, and run on over so much at least, in L*. */
  const CLEARANCE = 4;
  const LEAST_RUN = 40;
  const LIGHTEST = 96;
  const DARKEST = 6;
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

  /** @param {Ground} ground @returns {"dark" | "light"} */
  function kindOf(ground) {
    if (ground === "dark" || ground === "light") {
      return ground;
    }
    return hexToLab(ground)[0] < LIGHT_FROM ? "dark" : "light";
  }

  /**
   * Control colours as they are on a ground: where they would begin on its wrong side, or so near
   * that they could not be told from it, their lightness is moved away from it.
   * @param {{dark: string[], light: string[]}} controls @param {Ground} ground
   * @returns {number[][]} L*, a*, b*
   */
  function onGround(controls, ground) {
    const kind = kindOf(ground);
    const labs = controls[kind].map(hexToLab);
    if (ground === kind) {
      return labs;
    }
    const from = labs[0][0];
    const to = labs[labs.length - 1][0];
    const own = hexToLab(ground)[0];
    let start = from;
    let end = to;
    if (kind === "dark") {
      start = Math.max(from, own + CLEARANCE);
      end = Math.max(to, Math.min(LIGHTEST, start + LEAST_RUN));
    } else {
      start = Math.min(from, own - CLEARANCE);
      end = Math.min(to, Math.max(DARKEST, start - LEAST_RUN));
    }
    const scale = (end - start) / (to - from);
    return labs.map(([light, a, b]) => [start + (light - from) * scale, a, b]);
  }

  /**
   * The colour at a place of a palette.
   * @param {string} name one of names(); anything else gives the default palette
   * @param {number} place 0 (little) to 1 (much)
   * @param {Ground} [ground] what it is drawn on; none: the one that the palette is at home on
   * @returns {number[]} red, green, blue, 0 to 255
   */
  function colourAt(name, place, ground) {
    return mix(paletteOn(name, ground), place);
  }

  /** @returns {number[][]} control colours of a palette, L*, a*, b* */
  function paletteOn(name, ground) {
    const known = isKnown(name) ? name : DEFAULT_PALETTE;
    return onGround(CONTROL_COLOURS[known], ground || HOME_GROUNDS[known] || "dark");
  }

  /**
   * The colour of one side at a place from little to much.
   * @param {Ground} ground what it is drawn on
   * @param {"long" | "short"} side @param {number} place 0 to 1
   * @returns {number[]} red, green, blue, 0 to 255
   */
  function sideColourAt(ground, side, place) {
    return mix(sideOn(ground, side), place);
  }

  /** @returns {number[][]} control colours of a side, L*, a*, b* */
  function sideOn(ground, side) {
    const { dark, light } = SIDE_COLOURS;
    return onGround({ dark: dark[side], light: light[side] }, ground);
  }

  /** @param {number[]} rgb @returns {string} #rrggbb */
  function toHex(rgb) {
    return "#" + rgb.map((channel) => (256 + channel).toString(16).slice(1)).join("");
  }

  /** @param {number[][]} controls L*, a*, b*, evenly spaced @param {number} place 0 to 1 */
  function mix(controls, place) {
    const position = Math.min(1, Math.max(0, place)) * (controls.length - 1);
    const index = Math.min(controls.length - 2, Math.floor(position));
    const low = controls[index];
    const high = controls[index + 1];
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
     * @param {Ground} ground what it is drawn on
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
      return kindOf(hex);
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
     * @param {Ground} [ground] as for colourAt
     * @param {number} [exponent] of the alpha, see ALPHA_EXPONENT
     * @returns {Uint8ClampedArray} 256 times red, green, blue, alpha (not premultiplied)
     */
    lookUpTable(name, opacity, ground, exponent = ALPHA_EXPONENT) {
      const table = new Uint8ClampedArray(256 * 4);
      const controls = paletteOn(name, ground);
      for (let value = 1; value < 256; value += 1) {
        const rgb = mix(controls, (value - 1) / 254);
        table[value * 4] = rgb[0];
        table[value * 4 + 1] = rgb[1];
        table[value * 4 + 2] = rgb[2];
        table[value * 4 + 3] = 255 * opacity * Math.pow(value / 255, exponent);
      }
      return table;
    },

    /**
     * The look-up table where longs and shorts are drawn apart: the level stands above the lowest
     * bit, which says longs. Bytes 0 and 1 are fully transparent.
     * @param {Ground} ground what it is drawn on
     * @param {number} opacity alpha of the strongest level, 0 to 1
     * @param {number} [exponent] of the alpha, see ALPHA_EXPONENT
     * @returns {Uint8ClampedArray} 256 times red, green, blue, alpha (not premultiplied)
     */
    splitLookUpTable(ground, opacity, exponent = ALPHA_EXPONENT) {
      const table = new Uint8ClampedArray(256 * 4);
      const sides = [sideOn(ground, "short"), sideOn(ground, "long")];
      for (let value = 2; value < 256; value += 1) {
        const level = value >> 1;
        const rgb = mix(sides[value % 2], (level - 1) / (SPLIT_LEVELS - 1));
        table[value * 4] = rgb[0];
        table[value * 4 + 1] = rgb[1];
        table[value * 4 + 2] = rgb[2];
        table[value * 4 + 3] = 255 * opacity * Math.pow(level / SPLIT_LEVELS, exponent);
      }
      return table;
    },
  };
})(this);
