// The page of `flotilla report`: the answer, tables, definitions. The charts are in run_charts.js.
'use strict';

const runs = report.runs;
const several = runs.length > 1;
const kLatencies = { ttft: 'TTFT', tpot: 'TPOT', itl: 'ITL', e2el: 'E2EL' };
const kStatistics = { mean: 'mean', median: 'p50', p90: 'p90', p95: 'p95', p99: 'p99' };

/// A value of a summary by its dotted key; undefined where there is none.
const figure = (run, key) => key.split('.').reduce((inner, part) => (inner === null || inner === undefined ? undefined : inner[part]), run.summary);
const measured = (run) => run.summary.mean_e2el_ms > 0;

function number(value) {
  if (value === null || value === undefined) return '–';
  if (typeof value !== 'number') return escaped(value);
  return value.toLocaleString('en', Math.abs(value) >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 4 });
}

const dollars = (value) => '$' + (value >= 1000 ? Math.round(value).toLocaleString('en') : value.toFixed(value >= 10 ? 2 : 3));

/// "+12.3 %" against the first run, coloured where one direction is better; better: 'low', 'high' or ''.
function difference(value, first, better) {
  if (typeof value !== 'number' || typeof first !== 'number' || first === 0) return '';
  const ratio = value / first - 1;
  if (Math.abs(ratio) < 0.0005) return '<small>same</small>';
  const good = better && (ratio > 0) === (better === 'high');
  const text = ratio >= 9 ? `× ${number(+(ratio + 1).toPrecision(3))}` : `${percent(ratio, true)} %`;
  return `<small class="${better ? (good ? 'better' : 'worse') : ''}">${text}</small>`;
}

const dot = (i) => (several ? `<span class="dot" data-run="${i}"></span>` : '');
const heads = (first) => `<thead><tr><th>${first}</th>${runs.map((run, i) => `<th>${dot(i)}${several ? escaped(run.name) : ''}</th>`).join('')}</tr></thead>`;
const line = (cells) => `<tr>${cells.map((c) => `<td>${c}</td>`).join('')}</tr>`;

/// A row per figure, a column per run; a figure that no run has is left out.
function row([title, key, unit, better, show]) {
  const values = runs.map((run) => figure(run, key));
  if (values.every((v) => v === null || v === undefined)) return '';
  const cells = values.map((v, i) => (show ? (v === null || v === undefined ? '–' : show(v)) : number(v)) + (i > 0 ? difference(v, values[0], better) : ''));
  return line([`${title} <span class="soft">${unit}</span>`, ...cells]);
}

// ---- the answer ----

/// The scenario's, or those of its tenants.
const promises = (s) => s.slo.concat(...(s.tenants || []).map((t) => t.slo));

function state(s) {
  if (s.verdict === 'saturated' || s.completed === 0 || promises(s).some((p) => !p.kept)) return 'bad';
  return promises(s).length > 0 ? 'good' : 'plain';
}

function power(s) {
  const e = s.energy, per = e.joules_per_output_token;
  return `It draws ${number(e.average_watts / 1000)} kW${per === null ? '' : `, ${number(per)} J per output token`}.`;
}

/// What became of a fleet that changed while it served.
function life(s) {
  const a = s.availability;
  if (!a || a.paid_gpu_hours === 0) return '';
  const lost = a.failures === 0 ? '' :
    ` Failures took ${number(a.replicas_lost)} replicas, ${number(a.largest_loss_gpus)} GPUs at once at the most; ` +
    `${number(a.requests_rerouted)} requests were sent again and ${number(s.conservation.failed)} failed` +
    (a.recovering ? '; at the end the fleet had not recovered.' : `; the longest recovery took ${number(a.longest_recovery_s)} s.`);
  const starts = a.starts === 0 ? '' : ` ${number(a.starts)} replicas started, in ${number(a.mean_start_s)} s each.`;
  return `${lost}${starts} Of ${number(a.paid_gpu_hours)} GPU hours that were paid for, ${percent(a.open_share)} % served.`;
}

function cost(s) {
  const c = s.cost;
  if (c.usd_per_hour === null) return `No price is known for some of these GPUs. ${power(s)}`;
  const per = c.usd_per_million_output_tokens === null ? '' : `; ${dollars(c.usd_per_million_output_tokens)} per million output tokens`;
  const useful = c.usd_per_million_useful_tokens === null || promises(s).length === 0 ? '' : `, ${dollars(c.usd_per_million_useful_tokens)} per million that kept the promises`;
  return `It costs ${dollars(c.usd_per_hour)} an hour, ${dollars(c.usd_per_month)} a month${per}${useful}. ${power(s)}`;
}

function answer(run, i) {
  const s = run.summary;
  const warnings = s.warnings.map((w) => `<li>${escaped(w)}</li>`).join('');
  const load = `${escaped(s.model_id)} under ${escaped(s.backend)}; ${number(s.completed)} requests completed in ${number(s.duration)} s of simulated time.`;
  return `<section class="run ${state(s)}"><p class="answer">${dot(i)}${escaped(run.answer)}</p>` +
    `<p>${cost(s)}${life(s)} ${escaped(run.binds)}</p><p class="soft">${load}</p>${warnings ? `<ul class="warnings">${warnings}</ul>` : ''}</section>`;
}

// ---- tables ----

const share = (v) => percent(v) + ' %';
const kFigures = [
  ['GPUs', 'gpus', '', ''],
  ['Verdict', 'verdict', '', '', (v) => ({ stable: 'stable', saturated: '<span class="missed">saturated</span>', not_applicable: 'not applicable' }[v])],
  ['Request rate', 'request_rate', '1/s', ''],
  ['Most requests in flight, as configured', 'max_concurrency', '', ''],
  ['Requests completed', 'request_throughput', '1/s', 'high'],
  ['Requests that kept every promise', 'goodput_ratio', '', 'high', share],
  ['Output throughput', 'output_throughput', 'tok/s', 'high'],
  ['Output throughput per GPU', 'output_throughput_per_gpu', 'tok/s/GPU', 'high'],
  ['Speed for the median user', 'interactivity.median', 'tok/s/user', 'high'],
  ['Speed for the slowest 1 %', 'interactivity.p99', 'tok/s/user', 'high'],
  ['KV memory in use, mean', 'kv.mean_usage', '', '', share],
  ['KV memory in use, peak', 'kv.peak_usage', '', '', share],
  ['Preemptions', 'kv.preemptions', '', 'low'],
  ['Cost per hour', 'cost.usd_per_hour', '', 'low', dollars],
  ['Cost per month', 'cost.usd_per_month', '', 'low', dollars],
  ['Cost per million output tokens', 'cost.usd_per_million_output_tokens', '', 'low', dollars],
  ['Cost per million useful tokens', 'cost.usd_per_million_useful_tokens', '', 'low', dollars],
  ['Power drawn, average', 'energy.average_watts', 'W', 'low'],
  ['Power drawn, peak', 'energy.peak_watts', 'W', ''],
  ['Energy per output token', 'energy.joules_per_output_token', 'J', 'low'],
  ['Output throughput per MW drawn', 'energy.tokens_per_second_per_megawatt', 'tok/s/MW', 'high'],
  ['Output throughput per MW provisioned', 'energy.tokens_per_second_per_provisioned_megawatt', 'tok/s/MW', 'high'],
  ['Expected error of TPOT', 'envelope.expected_error', '', '', share],
];

function figures() {
  const promised = runs.some((run) => promises(run.summary).length > 0);
  const shown = kFigures.filter(([, key]) => promised || !/goodput|useful/.test(key));
  fill('figures', `${several ? heads('') : ''}<tbody>${shown.map(row).join('')}</tbody>`);
}

/// "[190, 241]" below a figure that has an interval.
function interval(run, key) {
  const range = run.summary.confidence[key];
  return range ? `<small>${number(range[0])} to ${number(range[1])}</small>` : '';
}

function promise(run, metric) {
  const p = run.summary.slo.find((each) => each.metric === metric);
  return p ? `<span class="${p.kept ? 'met' : 'missed'}">p${p.percentile} ≤ ${number(p.limit_ms)}: ${p.kept ? 'kept' : 'broken'}</span><small>p${p.percentile} is ${number(p.found_ms)}</small>` : '';
}

function latencyOfOne() {
  const run = runs[0];
  const rows = Object.entries(kLatencies).map(([m, title]) =>
    line([title, ...Object.keys(kStatistics).map((s) => number(run.summary[`${s}_${m}_ms`]) + interval(run, `${s}_${m}_ms`)), promise(run, m)]));
  fill('latencies', `<thead><tr><th>ms</th>${Object.values(kStatistics).map((s) => `<th>${s}</th>`).join('')}<th>promise</th></tr></thead><tbody>${rows.join('')}</tbody>`);
}

function latencyOfSeveral() {
  const rows = [];
  for (const [m, title] of Object.entries(kLatencies)) {
    for (const [s, name] of Object.entries(kStatistics)) {
      const key = `${s}_${m}_ms`, first = figure(runs[0], key);
      const cells = runs.map((run, i) => number(figure(run, key)) + interval(run, key) + (i > 0 ? difference(figure(run, key), first, 'low') : ''));
      rows.push(line([`${title} ${name}`, ...cells]));
    }
    if (runs.some((run) => promise(run, m))) rows.push(line([`${title} promised`, ...runs.map((run) => promise(run, m))]));
  }
  fill('latencies', `${heads('ms')}<tbody>${rows.join('')}</tbody>`);
}

function latencies() {
  const level = runs[0].summary.confidence.level;
  fill('latency-note', `In ms, over completed requests after the warm-up. Small print: what chance leaves open, a ${number(100 * level)} % confidence interval, ` +
    'where the run is long enough for one.');
  if (several) latencyOfSeveral(); else latencyOfOne();
}

const kChanges = { hbm_bandwidth: 'HBM bandwidth', compute: 'compute', network: 'network', host_time: 'host time' };
const kChanged = [['p99_ttft', 'TTFT p99'], ['mean_ttft', 'TTFT mean'], ['p99_tpot', 'TPOT p99'], ['mean_tpot', 'TPOT mean'], ['p99_e2el', 'E2EL p99'], ['output_throughput', 'output tok/s']];

function help() {
  document.getElementById('help-section').hidden = runs.every((run) => run.summary.elasticities.length === 0);
  const change = (value, better) => (value === null ? '–' : `<span class="${Math.abs(value) < 0.0005 ? '' : (value > 0) === better ? 'met' : 'missed'}">${percent(value, true)} %</span>`);
  const rows = runs.flatMap((run, i) => run.summary.elasticities.map((e) => line([`${dot(i)}${percent(e.factor - 1, true)} % ${escaped(kChanges[e.change] || e.change)}`,
    ...kChanged.map(([key]) => change(e[key], key === 'output_throughput'))])));
  fill('help', `<thead><tr><th>with</th>${kChanged.map(([, title]) => `<th>${title}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody>`);
}

function tenants() {
  document.getElementById('tenants-section').hidden = runs.every((run) => !run.summary.tenants);
  const kept = (t) => t.slo.map((p) => `<span class="${p.kept ? 'met' : 'missed'}">p${p.percentile} ${escaped(p.metric.toUpperCase())} ≤ ${number(p.limit_ms)}: ` +
    `${p.kept ? 'kept' : 'broken'}</span><small>${number(p.found_ms)}</small>`).join('<br>');
  const rows = runs.flatMap((run, i) => (run.summary.tenants || []).map((t) => line([`${dot(i)}${escaped(t.name)}`, escaped(t.model), escaped(t.class || '–'), number(t.completed),
    number(t.failed), number(t.output_throughput), number(t.median_ttft_ms), number(t.p99_ttft_ms), number(t.median_tpot_ms), number(t.p99_tpot_ms), number(t.p99_e2el_ms),
    t.slo.length > 0 ? share(t.goodput_ratio) : '–', kept(t), t.usd_per_million_output_tokens === null ? '–' : dollars(t.usd_per_million_output_tokens)])));
  const heads = ['tenant', 'model', 'class', 'completed', 'failed', 'output tok/s', 'TTFT p50', 'TTFT p99', 'TPOT p50', 'TPOT p99', 'E2EL p99', 'kept every promise', 'promises', '$/M output tokens'];
  fill('tenants', `<thead><tr>${heads.map((h) => `<th>${h}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody>`);
}

function pools() {
  const head = `<thead><tr><th>pool</th><th>system</th><th>GPUs</th><th>replicas</th><th>busy</th><th>output tok/s</th><th>per GPU</th><th>KV mean</th><th>KV peak</th><th>$/hour</th></tr></thead>`;
  const rows = runs.flatMap((run, i) => run.summary.pools.map((p) => line([`${dot(i)}${several ? escaped(run.name) + ': ' : ''}${escaped(p.name)}`, escaped(p.system), number(p.gpus),
    number(p.replicas), share(p.utilization), number(p.output_throughput), number(p.output_throughput_per_gpu), share(p.kv_mean_usage), share(p.kv_peak_usage),
    p.usd_per_hour > 0 ? number(p.usd_per_hour) : '–'])));
  fill('pools', `${head}<tbody>${rows.join('')}</tbody>`);
}

const kTransfers = [
  ['Prompts whose KV moved', 'kv_transfers.count', '', ''],
  ['KV that moved', 'kv_transfers.bytes', 'GB', '', (v) => number(v / 1e9)],
  ['Wait for memory of the decode side, mean', 'kv_transfers.mean_wait_ms', 'ms', 'low'],
  ['Transfer, mean', 'kv_transfers.mean_ms', 'ms', 'low'],
  ['Transfer, p99', 'kv_transfers.p99_ms', 'ms', 'low'],
  ['Transfer if no other flow were about, mean', 'kv_transfers.mean_alone_ms', 'ms', 'low'],
  ['They wait for', 'kv_transfers.bottleneck', '', '', escaped],
];
const kMostLinks = 12;

function transfers() {
  const moving = runs.filter((run) => run.summary.kv_transfers.count > 0);
  document.getElementById('transfers-section').hidden = moving.length === 0;
  if (moving.length === 0) return;
  fill('transfers', `${several ? heads('') : ''}<tbody>${kTransfers.map(row).join('')}</tbody>`);
  const rows = moving.flatMap((run) => run.summary.links.filter((l) => l.peak_utilization > 0).slice(0, kMostLinks).map((l) =>
    line([`${dot(runs.indexOf(run))}${escaped(l.name)}`, escaped(l.kind), number(l.bytes / 1e9), share(l.mean_utilization), share(l.peak_utilization)])));
  fill('links', `<thead><tr><th>busiest links</th><th>kind</th><th>GB</th><th>mean use</th><th>use in the busiest second</th></tr></thead><tbody>${rows.join('')}</tbody>`);
}

function again() {
  fill('again', runs.map((run, i) => {
    const sim = run.summary.sim;
    return `<p>${dot(i)}<code>flotilla run ${escaped(run.directory)}/resolved.yaml -o DIR</code> gives the same figures <span class="soft">(Flotilla ${escaped(sim.version)}, ` +
      `commit ${escaped(sim.commit)}, SimGrid ${escaped(sim.simgrid_version)}, seed ${sim.seed}, scenario ${escaped(sim.scenario_sha256.slice(0, 12))}, run ${escaped(run.summary.date)})</span></p>` +
      `<details><summary>the scenario, with every default and where each value came from</summary><pre>${escaped(run.resolved)}</pre></details>`;
  }).join(''));
}

function definitions() {
  const rows = report.definitions.map((d) => line([`<code>${escaped(d.key)}</code>`, escaped(d.unit), escaped(d.definition)]));
  fill('definitions', `<thead><tr><th>key</th><th>unit</th><th>definition</th></tr></thead><tbody>${rows.join('')}</tbody>`);
}

/// Dots and legends take the colours of the theme, as charts do.
function colourDots() {
  for (const each of document.querySelectorAll('[data-run]')) each.style.setProperty('--dot', theme.colours[each.dataset.run % theme.colours.length]);
}

function page() {
  fill('title', escaped(report.title));
  fill('answers', runs.map(answer).join(''));
  figures();
  latencies();
  tenants();
  help();
  pools();
  transfers();
  again();
  definitions();
  for (const each of document.querySelectorAll('.several')) each.hidden = !several;
  for (const each of document.querySelectorAll('.legend.runs')) each.innerHTML = runs.map((run, i) => `<span data-run="${i}">${escaped(run.name)}</span>`).join('');
  fill('footer', 'Simulated with Flotilla. Step times are predictions: the expected error above is their median error on the measurements they were fitted on.');
}

startTheme();
page();
charts.push({ draw: colourDots });
runCharts();
timelineCharts();
linkCharts();
drawAll();
document.documentElement.dataset.ready = 'yes';
