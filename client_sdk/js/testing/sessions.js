/** Sessions for tests of the pages' models. */

const MINUTE = 60_000;

export function session(id, startMin, fields = {}) {
  const span = { start_ms: startMin * MINUTE, end_ms: (startMin + 20) * MINUTE };
  return {
    id, title: `Talk ${id}`, abstract: "", kind: "talk", stage: "main", theme: null, speakers: [], state: "upcoming",
    scheduled: span, expected: span, actual: { start_ms: null, end_ms: null }, delayed_min: 0, waiting_for: null,
    planned: fields.scheduled ?? span, scheduled_stage: fields.stage ?? "main", note: "", qa: "closed", pre_moderated: true, on_air: false, doors_open_ms: span.start_ms - 10 * MINUTE, ...fields,
  };
}
