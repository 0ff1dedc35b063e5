(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  const TEXT_PX = 11;
  const LINE_PX = 15;
  const PADDING_PX = 4;
  const TEXT_ALPHA = 0.9;
  /** Of words that come second: as quiet as can be read on a dark and on a light ground. */
  const CAPTION_ALPHA = 0.8;
  /** How much of the chart's ground lies under words, so that they are readable over heat. */
  const GROUND_ALPHA = 0.88;

  /**
   * Prepare for words: CSS pixels, the chart's own font.
   * @param {any} scope bitmap coordinates scope @param {any} layout options of the chart
   * @returns {string} the font, as it was set: the context takes long to tell its own
   */
  function begin(scope, layout) {
    const { context, horizontalPixelRatio, verticalPixelRatio } = scope;
    context.save();
    context.scale(horizontalPixelRatio, verticalPixelRatio);
    const font = TEXT_PX + "px " + layout.fontFamily;
    context.font = font;
    context.textBaseline = "middle";
    context.textAlign = "left";
    return font;
  }

  /** @param {any} layout options of the chart @param {number} weight @returns {string} CSS of `begin` */
  function fontOf(layout, weight) {
    return weight + " " + TEXT_PX + "px " + layout.fontFamily;
  }

  /**
   * Lay the chart's ground over a place, translucent.
   * @param {any} context @param {{colour: string}} place of a Ground @param {number} alpha
   * @param {number} left @param {number} top @param {number} width @param {number} height
   */
  function layGround(context, place, alpha, left, top, width, height) {
    context.globalAlpha = alpha;
    context.fillStyle = place.colour;
    context.fillRect(left, top, width, height);
  }

  /**
   * Write one line on a ground of its own; after `begin`.
   * @param {any} context @param {{colour: string, ink: string}} place of a Ground
   * @param {string} text @param {number} width see `widthOf`
   * @param {number} left edge of the ground @param {number} y middle of the line
   */
  function write(context, place, text, width, left, y) {
    layGround(context, place, GROUND_ALPHA, left, y - LINE_PX / 2, width, LINE_PX);
    context.globalAlpha = TEXT_ALPHA;
    context.fillStyle = place.ink;
    context.fillText(text, left + PADDING_PX, y);
  }

  /** @param {any} context @param {string} text @returns {number} with its ground, CSS pixels */
  function widthOf(context, text) {
    return context.measureText(text).width + 2 * PADDING_PX;
  }

  /** @param {any} grid HeatmapGrid @returns {string} its length, such as 8 h window or 7 d window */
  function windowOf(grid) {
    const { language } = heatmap;
    const hours = Math.round((grid.endMs - grid.windowStartMs) / 360000) / 10;
    const [number, template] = hours >= 48
      ? [hours / 24, language.words("days", "{number} d window")]
      : [hours, language.words("hours", "{number} h window")];
    return template.replace("{number}", language.shortNumber(number));
  }

  heatmap.words = {
    CAPTION_ALPHA, GROUND_ALPHA, LINE_PX, PADDING_PX, TEXT_ALPHA, begin, fontOf, layGround, widthOf, windowOf, write,
  };
})(this);
