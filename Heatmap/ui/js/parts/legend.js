// needs: heatmap_parts.js heatmap_words.js
(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});
  const { words } = heatmap;
  const { LINE_PX, TEXT_ALPHA } = words;

  const MARGIN_PX = 10;
  const PADDING_PX = 7;
  const BAR_WIDTH_PX = 190;
  /** Both sides beside each other, with longer labels. */
  const SPLIT_BAR_WIDTH_PX = 250;
  /** Between two amounts below the bar, which is longer where they need it. */
  const LEAST_GAP_PX = 8;
  const BAR_HEIGHT_PX = 8;
  /** A pane that is smaller than this has no room for it. */
  const LEAST_WIDTH_PX = 320;
  const LEAST_HEIGHT_PX = 160;
  /** Where the logo of Lightweight Charts ends, in the lower left corner. */
  const LOGO_PX = 50;
  /** On the left, words are broken so that they take no more than this part of the pane. */
  const LEFT_PART = 0.45;
  const DOT_PX = 4;
  const DOT_GAP_PX = 5;
  const ENTRY_GAP_PX = 10;

  /**
   * The words in a lower corner of the pane: what the colours mean in USD, and where the data come
   * from. In the chart's own colours. On the right; where other words have taken that edge, in the
   * corner with the least heat and candles, the lower left one if nothing speaks against it.
   */
  class Legend {
    /** @param {Surface} surface */
    constructor(surface) {
      this._surface = surface;
      this._corner = new heatmap.corners.QuietCorner(surface);
      this._hosted = new heatmap.hostedLegend.HostedLegend(surface);
      this._bar = null;
      this._barTable = null;
      /** The source's words as they were broken last, what that rests on, and their width. */
      this._lines = [];
      this._linesText = "";
      this._linesWidth = 0;
      this._linesFont = "";
      this._textWidth = 0;
      /** The amounts below the bar that were measured last, their font, and the bar's width. */
      this._labels = null;
      this._labelsFont = "";
      this._barWidth = 0;
    }

    /**
     * @param {any} scope bitmap coordinates scope
     * @param {{colourBar: boolean, sourceLine: boolean, legendCorner: string}} options
     */
    paint(scope, options) {
      const { chart, ground, legend, room } = this._surface;
      const { grid, colours } = this._surface.picture;
      if (grid === null || this._hosted.tell(options, this)) {
        return;
      }
      const { mediaSize } = scope;
      const text = options.sourceLine ? this.sourceText(grid) : "";
      const hasBar = options.colourBar && grid.scaleLabels.length > 0;
      const isRoomy = mediaSize.width >= LEAST_WIDTH_PX && mediaSize.height >= LEAST_HEIGHT_PX;
      if (!isRoomy || (text === "" && !hasBar)) {
        return;
      }
      const layout = chart.options().layout;
      const { context } = scope;
      const font = words.begin(scope, layout);
      const wanted = CORNERS.indexOf(options.legendCorner);
      const hasLabels = legend.isLeft || grid.isLegendLeft;
      // Where nothing takes the right edge it stands there.
      const corner = wanted >= 0 ? wanted : hasLabels ? -1 : LOWER_RIGHT;
      const isLeft = corner < 0 || corner % 2 === 0;
      const whole = mediaSize.width - 2 * (MARGIN_PX + PADDING_PX);
      const lines = this._wrap(context, font, text, isLeft ? whole * LEFT_PART : whole);
      const rows = hasBar ? legend.rows : NO_ROWS;
      const barWidth = hasBar ? this._widthFor(context, font, grid) : 0;
      let rowWidth = 0;
      for (const row of rows) {
        rowWidth = Math.max(rowWidth, measured(context, font, row));
      }
      const width = Math.max(this._textWidth, barWidth, rowWidth) + 2 * PADDING_PX;
      const barHeight = hasBar ? LINE_PX + BAR_HEIGHT_PX + 4 : 0;
      const height = (lines.length + rows.length) * LINE_PX + barHeight + PADDING_PX;
      const hasLogo = layout.attributionLogo !== false;
      const lower = mediaSize.height - room.bottom - MARGIN_PX - height;
      this._offer(hasLogo ? LOGO_PX : MARGIN_PX, lower, width, mediaSize, hasLabels);
      if (corner < 0 || this._corner.isDrivenFrom(corner, width, height)) {
        if (this._corner.find(width, height, mediaSize.width, performance.now()) < 0) {
          context.restore();
          return;
        }
      } else {
        this._corner.take(corner);
        if (corner === LOWER_RIGHT) {
          room.bottom += height + MARGIN_PX;
        }
      }
      const { left, top } = this._corner;
      legend.left = left;
      legend.top = top;
      legend.right = left + width;
      legend.bottom = top + height;
      const place = ground.at(top + height / 2, mediaSize.height);
      words.layGround(context, place, words.GROUND_ALPHA, left, top, width, height);
      context.globalAlpha = TEXT_ALPHA;
      context.fillStyle = place.ink;
      const [start, right] = [left + PADDING_PX, left + width - PADDING_PX];
      let y = top + PADDING_PX / 2;
      for (const row of rows) {
        const from = isLeft ? start : right - row.width;
        drawRow(context, row, from, y + LINE_PX / 2, place.ink);
        y += LINE_PX;
      }
      context.textAlign = isLeft ? "left" : "right";
      for (const line of lines) {
        context.fillText(line, isLeft ? start : right, y + LINE_PX / 2);
        y += LINE_PX;
      }
      if (hasBar) {
        const from = isLeft ? start : right - barWidth;
        this._drawBar(context, from, y + 2, barWidth, colours, grid, place);
      }
      context.restore();
    }

    /** The layer is shown no more, or other options hold. @param {any} _options */
    changed(_options) {
      this._hosted.look();
    }

    clear() {
      this._hosted.forget();
    }

    destroy() {
      this._hosted.forget();
    }

    /** @param {number} left @param {number} bottomTop of the lower left corner, CSS pixels */
    _offer(left, bottomTop, width, mediaSize, hasLabels) {
      const { room } = this._surface;
      const right = mediaSize.width - (hasLabels ? room.right : 0) - MARGIN_PX - width;
      const top = Math.max(room.top, MARGIN_PX);
      this._corner.offer(0, left, bottomTop);
      this._corner.offer(1, right, bottomTop);
      this._corner.offer(2, MARGIN_PX, top);
      this._corner.offer(3, right, top);
    }

    /** @returns {string} where the data come from, and since when in the chart's own time */
    sourceText(grid) {
      const { sourceSince } = grid;
      const since = sourceSince === null ? null : this._surface.texts.moment(sourceSince.ms);
      return since === null ? grid.sourceText : sourceSince.words + " " + since;
    }

    /**
     * Break the words at their line ends, and at commas where a pane is too narrow; leaves the width
     * in _textWidth.
     * @returns {string[]} the same array until text, width or font change
     */
    _wrap(context, font, text, width) {
      const isSame =
        text === this._linesText && width === this._linesWidth && font === this._linesFont;
      if (isSame) {
        return this._lines;
      }
      this._linesText = text;
      this._linesWidth = width;
      this._linesFont = font;
      this._lines = [];
      for (const line of text === "" ? [] : text.split("\n")) {
        const first = this._lines.length;
        for (const part of line.split(", ")) {
          const last = this._lines.length - 1;
          const joined = last < first ? part : this._lines[last] + ", " + part;
          if (last >= first && context.measureText(joined).width <= width) {
            this._lines[last] = joined;
          } else {
            this._lines.push(part);
          }
        }
      }
      this._textWidth = this._lines.reduce(
        (most, line) => Math.max(most, context.measureText(line).width), 0,
      );
      return this._lines;
    }

    /** @returns {number} how long a bar its amounts need, which may be of a longer unit than USD */
    _widthFor(context, font, grid) {
      const { scaleLabels: labels, isSplit } = grid;
      if (labels === this._labels && font === this._labelsFont) {
        return this._barWidth;
      }
      this._labels = labels;
      this._labelsFont = font;
      this._barWidth = isSplit ? SPLIT_BAR_WIDTH_PX : BAR_WIDTH_PX;
      const widths = labels.map(([, words]) => context.measureText(words).width);
      const end = Math.max(widths[0], widths[widths.length - 1]);
      labels.forEach(([place], i) => {
        if (place > 0 && place < 1) {
          const least = (end + widths[i] / 2 + LEAST_GAP_PX) / Math.min(place, 1 - place);
          this._barWidth = Math.max(this._barWidth, Math.ceil(least));
        }
      });
      return this._barWidth;
    }

    /** The palette from little to much, with amounts below it. */
    _drawBar(context, left, top, width, table, grid, place) {
      const { scaleLabels: labels, isSplit } = grid;
      context.globalAlpha = 1;
      context.imageSmoothingEnabled = false;
      context.drawImage(this.barCanvas(table, isSplit), left, top, width, BAR_HEIGHT_PX);
      context.globalAlpha = 0.5;
      context.strokeStyle = place.ink;
      context.lineWidth = 0.5;
      context.strokeRect(left, top, width, BAR_HEIGHT_PX);
      context.globalAlpha = TEXT_ALPHA;
      const y = top + BAR_HEIGHT_PX + 2 + LINE_PX / 2;
      for (const [place, words] of labels) {
        context.textAlign = place <= 0 ? "left" : place >= 1 ? "right" : "center";
        context.fillText(words, left + place * width, y);
      }
    }

    /**
     * With split sides the bar runs from the strongest shorts over nothing to the strongest longs.
     * @returns {HTMLCanvasElement} one pixel per level, made anew with each palette
     */
    barCanvas(table, isSplit) {
      if (this._bar === null) {
        this._bar = document.createElement("canvas");
        this._bar.width = 256;
        this._bar.height = 1;
      }
      if (table !== this._barTable) {
        this._barTable = table;
        const pixels = new Uint8ClampedArray(table);
        for (let i = 0; isSplit && i < 256; i += 1) {
          const byte = i < 128 ? 2 * (127 - i) : 2 * (i - 128) + 1;
          pixels.set(table.subarray(byte * 4, byte * 4 + 4), i * 4);
        }
        const image = new ImageData(pixels, 256, 1);
        this._bar.getContext("2d").putImageData(image, 0, 0);
      }
      return this._bar;
    }
  }

  /** Corners as QuietCorner counts them, by the option's words. */
  const CORNERS = ["lower left", "lower right", "upper left", "upper right"];
  const LOWER_RIGHT = 1;
  /** @type {Array<any>} */
  const NO_ROWS = [];

  /**
   * Measure the words of a row, unless they were in the same font.
   * @param {any} context @param {string} font of the context
   * @param {any} row see Surface.legend; `font` is empty where its words are new
   * @returns {number} its width, CSS pixels
   */
  function measured(context, font, row) {
    if (row.font !== font) {
      row.font = font;
      row.textWidth = context.measureText(row.text).width;
      row.width = row.textWidth;
      for (const entry of row.entries) {
        entry.width = context.measureText(entry.text).width;
        row.width += ENTRY_GAP_PX + 2 * DOT_PX + DOT_GAP_PX + entry.width;
      }
    }
    return row.width;
  }

  /** Write a row that was measured, each of its entries with a dot of its colour. */
  function drawRow(context, row, left, y, ink) {
    context.textAlign = "left";
    context.fillText(row.text, left, y);
    let x = left + row.textWidth;
    for (const { text, colour, width } of row.entries) {
      x += ENTRY_GAP_PX + DOT_PX;
      context.fillStyle = colour;
      context.beginPath();
      context.arc(x, y, DOT_PX, 0, 2 * Math.PI);
      context.fill();
      context.fillStyle = ink;
      x += DOT_PX + DOT_GAP_PX;
      context.fillText(text, x, y);
      x += width;
    }
  }

  heatmap.parts.register({
    name: "legend",
    order: 70,
    options: ["colourBar", "sourceLine", "legendCorner"],
    make: (/** @type {Surface} */ surface) => new Legend(surface),
  });
})(this);
