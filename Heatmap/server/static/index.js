"use strict";

/** Says in one line how the recorder is. */
async function tellState() {
  const place = document.getElementById("state");
  try {
    const health = await (await fetch("/health")).json();
    const { role, connection, last_event: last } = health.recorder;
    const kind = health.kind === "live" ? "" : `${health.kind.toUpperCase()} data. `;
    const since = last === null ? "none yet" : new Date(last).toISOString().replace(/\.\d+Z/, "Z");
    place.textContent =
      `${kind}Recorder: ${role}, connection ${connection}. Last liquidation: ${since}. ` +
      `Version ${health.version}.`;
  } catch (error) {
    place.textContent = `The state could not be read: ${error.message}`;
  }
}

tellState();
