(function (global) {
  "use strict";

  const heatmap = (global.OrderPilotHeatmap = global.OrderPilotHeatmap || {});

  /**
   * What a part is made with: one for each chart that a layer is on.
   * @typedef {Object} Surface
   * @property {any} chart of Lightweight Charts
   * @property {any} candles series whose price scale is drawn on
   * @property {any} axis TimeAxis: where times are
   * @property {any} ground Ground: what is behind a place, and the ink that can be read there
   * @property {any} texts AxisTexts: prices and times as the chart says them
   * @property {any} picture Picture: the grid, its pixels and colours
   * @property {{right: number, top: number, bottom: number}} room taken at the pane's edges in this
   *   frame, CSS pixels: a part that stands there adds itself, others keep clear of those before
   * @property {{isLeft: boolean, rows: Array<any>, sides: Array<any>, happened: string, least: string,
   *   isHatched: boolean, missing: string, sums: any, left: number, top: number, right: number,
   *   bottom: number}} legend of this frame: whether the right edge is taken, lines of parts that
   *   explain their colours (`text`, and `entries` of `text` and `colour`), and where it stands;
   *   for a page that shows it itself `sides` (`text` and `colour` of longs and shorts), `happened` (words before them), `least` (an
   *   amount), `isHatched` (time without heat's data is in sight), `missing` (what else is hatched)
   *   and `sums`, see HostedWords
   * @property {(x: number, y: number) => Note | null} noteAt what a part has to say of a place of the
   *   pane, CSS pixels; null: none of them anything
   * @property {boolean} [isEarlier] an earlier time than now is shown
   * @property {any} level the pooled Level of which heat was drawn last; null: none yet
   * @property {(query: Object) => void} ask has Python describe a place of the picture
   * @property {(heat: string) => void} choose tells Python that the user wants what is offered
   * @property {(picked: Object) => void} pick tells Python which bubble was clicked
   * @property {() => any} bars gives the series in whose pane bars are drawn; null: there is none
   * @property {() => any} legendHost gives what shows the legend in its place; null: nothing
   * @property {() => void} repaint has the pane painted again soon
   * @property {(action: () => void) => void} guard runs what the chart calls, and reports an error
   */

  /**
   * What a part says at the crosshair, beside what Python says of the heat there.
   * @typedef {Object} Note
   * @property {string} key another one for another thing
   * @property {string} title where there is no heat
   * @property {Array<[string, string]>} lines label and text
   */

  /**
   * What a part makes of a surface. Each method may be lacking; `options` are the ones that the
   * part's record names, and no others.
   * @typedef {Object} Part
   * @property {(scope: any, options: any) => void} [paint] behind the candles, in the pane's bitmap
   *   coordinates scope
   * @property {(scope: any, options: any) => void} [paintAbove] the same above the candles
   * @property {(payload: any) => void} [take] what Python shows by `show_part`
   * @property {() => void} [clear] nothing of it is to be seen any more
   * @property {(options: any) => void} [changed] the grid or the options are others now
   * @property {() => void} [look] a frame was painted
   * @property {(x: number, y: number) => Note | null} [noteAt] as the surface's
   * @property {() => void} [destroy] the chart goes
   */

  /**
   * What a file of `parts/` registers.
   * @typedef {Object} PartRecord
   * @property {string} name the one by which Python shows something in it
   * @property {number} order parts with a lower one are painted first, and lie below
   * @property {string[]} [options] the layer's options that it reads
   * @property {boolean} [isAlwaysPainted] also while the layer is hidden
   * @property {(surface: Surface) => Part} make
   */

  /** @type {Map<string, PartRecord>} by name; made anew when these files run again */
  const records = new Map();

  /** Have each layer draw a part. @param {PartRecord} record */
  function register(record) {
    if (records.has(record.name)) {
      throw new Error("two parts are called " + record.name);
    }
    records.set(record.name, record);
  }

  /** The parts of one layer on one chart. */
  class Parts {
    /** @param {Surface} surface */
    constructor(surface) {
      this._picture = surface.picture;
      /** @type {Array<{record: PartRecord, part: Part, options: any}>} in their order */
      this._made = [];
      const ordered = Array.from(records.values()).sort((one, other) => one.order - other.order);
      for (const record of ordered) {
        this._made.push({ record, part: record.make(surface), options: {} });
      }
      this._painted = this._made.filter(({ part }) => part.paint !== undefined);
      this._paintedAbove = this._made.filter(({ part }) => part.paintAbove !== undefined);
      surface.noteAt = (x, y) => this._noteAt(x, y);
    }

    /** @param {any} scope bitmap coordinates scope */
    paint(scope) {
      for (const made of this._painted) {
        if (this._isSeen(made.record)) {
          made.part.paint(scope, made.options);
        }
      }
    }

    /** @param {any} scope bitmap coordinates scope */
    paintAbove(scope) {
      for (const made of this._paintedAbove) {
        if (this._isSeen(made.record)) {
          made.part.paintAbove(scope, made.options);
        }
      }
    }

    /** @param {PartRecord} record */
    _isSeen(record) {
      return this._picture.options.visible || record.isAlwaysPainted === true;
    }

    /** @returns {Note | null} of the part that lies on top */
    _noteAt(x, y) {
      for (let i = this._made.length - 1; i >= 0; i -= 1) {
        const { record, part } = this._made[i];
        const note =
          part.noteAt !== undefined && this._isSeen(record) ? part.noteAt(x, y) : null;
        if (note !== null) {
          return note;
        }
      }
      return null;
    }

    /** Tell all of them that the grid or the options are others now. */
    change() {
      const all = this._picture.options;
      for (const made of this._made) {
        made.options = {};
        for (const name of made.record.options || []) {
          made.options[name] = all[name];
        }
        if (made.part.changed !== undefined) {
          made.part.changed(made.options);
        }
      }
    }

    /**
     * Hand a part what Python shows by it.
     * @param {string} name @param {any} payload null: nothing any more
     */
    take(name, payload) {
      const made = this._made.find(({ record }) => record.name === name);
      if (made === undefined || made.part.take === undefined) {
        const names = this._made.map(({ record }) => record.name).join(", ");
        throw new Error("no part " + name + " takes messages; there are " + names);
      }
      if (payload !== null) {
        made.part.take(payload);
      } else if (made.part.clear !== undefined) {
        made.part.clear();
      }
    }

    clear() {
      for (const { part } of this._made) {
        if (part.clear !== undefined) {
          part.clear();
        }
      }
    }

    look() {
      for (const { part } of this._made) {
        if (part.look !== undefined) {
          part.look();
        }
      }
    }

    /** One whose chart has gone may fail at it; the others leave all the same. */
    destroy() {
      for (const { part } of this._made) {
        try {
          if (part.destroy !== undefined) {
            part.destroy();
          }
        } catch (error) {
          // A chart that has gone.
        }
      }
    }
  }

  heatmap.parts = { Parts, register };
})(this);
