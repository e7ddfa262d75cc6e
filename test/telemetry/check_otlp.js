// Reads bodies of OTLP/JSON requests by OpenTelemetry's own generated code, and prints what it has understood:
//
//     node check_otlp.js FILE...
//
// A line for each span or point, with tabs. Fails where the schema has no such field, or another type.
'use strict';
const fs = require('fs');
const assert = require('assert');
const proto = require('@opentelemetry/otlp-transformer/build/src/generated/root.js').opentelemetry.proto.collector;

const requests = {
  resourceSpans: proto.trace.v1.ExportTraceServiceRequest,
  resourceMetrics: proto.metrics.v1.ExportMetricsServiceRequest,
};

// OTLP's one exception from protobuf's JSON: ids are hex, where bytes are base64.
const ids = new Set(['traceId', 'spanId', 'parentSpanId']);
function withBase64(value, key) {
  if (Array.isArray(value)) return value.map((each) => withBase64(each));
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withBase64(each, name)]));
  if (!ids.has(key)) return value;
  assert.match(value, key === 'traceId' ? /^[0-9a-f]{32}$/ : /^[0-9a-f]{16}$/, key);
  return Buffer.from(value, 'hex').toString('base64');
}

const hex = (base64) => Buffer.from(base64 || '', 'base64').toString('hex');
const shown = (list) =>
  (list || []).map((each) => `${each.key}=${each.value.stringValue ?? each.value.intValue}`).join(' ');

function print(...fields) {
  console.log(fields.map((each) => String(each ?? '').replace(/[\t\n]/g, ' ')).join('\t'));
}

for (const file of process.argv.slice(2)) {
  const body = withBase64(JSON.parse(fs.readFileSync(file, 'utf8')));
  const type = requests[Object.keys(body)[0]];
  assert(type, `${file}: neither spans nor metrics`);
  const message = type.fromObject(body);
  assert.strictEqual(type.verify(message), null);
  // Through the bytes that a collector would have got as protobuf. What the schema does not have is lost on the way.
  const read = type.toObject(type.decode(type.encode(message).finish()), { longs: String, bytes: String });
  assert.deepStrictEqual(read, body);
  for (const resource of read.resourceSpans || [])
    for (const scope of resource.scopeSpans)
      for (const s of scope.spans)
        print('span', hex(s.traceId), hex(s.spanId), hex(s.parentSpanId), s.name, s.kind, s.startTimeUnixNano,
          s.endTimeUnixNano, (s.links || []).map((each) => hex(each.spanId)).join(' '), s.status?.code,
          shown(s.attributes), shown(resource.resource.attributes));
  for (const resource of read.resourceMetrics || [])
    for (const scope of resource.scopeMetrics)
      for (const m of scope.metrics)
        for (const point of (m.sum || m.gauge || m.histogram).dataPoints)
          print('point', m.name, m.unit, m.sum ? 'sum' : m.gauge ? 'gauge' : 'histogram', point.asInt ?? point.count,
            shown(point.attributes), shown(resource.resource.attributes));
}
