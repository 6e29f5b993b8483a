// The page of `flotilla report` for sizings and runs: the smallest fleet of each kind, and the way from a datasheet to
// a simulated token.
'use strict';

const sizings = report.sizings;
const runs = report.runs;
const decisions = report.decisions;
const number = (value) => (value === null || value === undefined ? '–' : typeof value !== 'number' ? escaped(value) : value.toLocaleString('en', Math.abs(value) >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 4 }));
const dollars = (value) => '$' + (value >= 1000 ? Math.round(value).toLocaleString('en') : value.toFixed(value >= 10 ? 2 : 3));
const line = (cells, tag = 'td') => `<tr>${cells.map((c) => `<${tag}>${c}</${tag}>`).join('')}</tr>`;

/// Kinds of fleet: candidates of one scenario and one choice of values, whatever their tensor-parallel size.
const kinds = [...new Set(sizings.flatMap((s) => s.sizing.candidates.map((c) => c.name)))];  // the best of the first sizing first
/// The best of a kind in a sizing: the first that holds, as they come sorted; else the first.
const candidates = (s, kind) => s.sizing.candidates.filter((c) => c.name === kind);
const best = (s, kind) => candidates(s, kind).find((c) => c.status === 'feasible');
const shape = (c) => `${c.replicas.join(' + ')} × TP ${c.tensor_parallel_sizes.join(' + ')}`;

function outside(c) { return c.envelope.inside ? '' : `<small title="${escaped(c.envelope.reason)}">outside what was calibrated</small>`; }

function fleetCell(s, kind) {
  const c = best(s, kind);
  if (c) {
    const usd = c.figures.usd_per_month;
    return `<b>${number(c.gpus)} GPUs</b><small>${shape(c)}</small>${usd === null ? '' : `${dollars(usd)}/month<small>${dollars(c.figures.usd_per_million_output_tokens)} per M output</small>`}${outside(c)}`;
  }
  const tried = candidates(s, kind);
  if (tried.length === 0) return '<span class="soft">not tried</span>';
  const dearer = tried.find((each) => each.status === 'dearer');
  return `<span class="missed">${dearer ? 'dearer' : 'never'}</span><small>${escaped((dearer || tried[0]).binding)}</small>`;
}

function fleets() {
  const promises = sizings.length ? sizings[0].sizing.promises.join(' and ') : '';
  fill('fleets-note', `That keeps ${escaped(promises)}. ` + (sizings.some((s) => s.sizing.seeds > 1) ? 'Promises hold with 95 % confidence over several seeds.' : 'One seed each.'));
  fill('fleets', `<thead>${line(['', ...sizings.map((s) => escaped(s.name))], 'th')}</thead><tbody>${kinds.map((kind) => line([escaped(kind), ...sizings.map((s) => fleetCell(s, kind))])).join('')}</tbody>`);
}

/// A bar per kind and sizing; a kind that never holds has none.
function bars(name, value, unit) {
  return {
    grid: { left: 70, right: 16, top: 16, bottom: 34 },
    tooltip: { ...tooltip(), trigger: 'axis', axisPointer: { type: 'shadow' }, valueFormatter: (v) => (v === null || v === undefined ? 'none holds' : `${number(v)} ${unit}`) },
    xAxis: { ...axis('category', '', {}), data: kinds, axisLabel: { color: theme.colour('--soft'), interval: 0, width: 90, overflow: 'break' } },
    yAxis: axis('value', name, { nameGap: 52 }),
    series: sizings.map((s, i) => ({
      type: 'bar', name: s.name, itemStyle: { color: theme.colours[i % theme.colours.length] },
      data: kinds.map((kind) => { const c = best(s, kind); return c ? value(c) : null; }),
    })),
  };
}

/// Fleets with a decode step to look at: the runs, and the best of each kind in the first sizing.
const stepped = [
  ...runs.filter((run) => run.summary.decode_step.bound_ms > 0).map((run) => ({
    name: run.name, step: run.summary.decode_step, mean: run.summary.mean_tpot_ms, p99: run.summary.p99_tpot_ms,
    saturated: run.summary.verdict === 'saturated',
  })),
  ...(sizings.length ? kinds.map((kind) => best(sizings[0], kind)).filter(Boolean) : []).map((c) => ({
    name: `${c.name}, ${c.gpus} GPUs`, step: c.decode_step, mean: c.decode_step.mean_tpot_ms, p99: c.figures.p99_tpot_ms, saturated: false,
  })),
];
const kStages = [['bound: the datasheet alone', (f) => f.step.bound_ms], ['calibrated step', (f) => f.step.calibrated_ms], ['simulated TPOT, mean', (f) => f.mean], ['simulated TPOT, p99', (f) => f.p99]];
const tpotLimit = () => {
  const found = sizings.flatMap((s) => s.sizing.promises).map((p) => /^p99_tpot_ms<=(.*)$/.exec(p)).find(Boolean);
  return found ? +found[1] : null;
};

function steps() {
  const limit = tpotLimit(), soft = theme.colour('--soft');
  return {
    grid: { left: 60, right: 16, top: 44, bottom: 50 },
    legend: { top: 4, textStyle: { color: soft } },
    tooltip: { ...tooltip(), trigger: 'axis', axisPointer: { type: 'shadow' }, valueFormatter: (v) => `${number(v)} ms` },
    xAxis: { ...axis('category', '', {}), data: stepped.map((f) => f.name), axisLabel: { color: soft, interval: 0, width: 110, overflow: 'break' } },
    yAxis: axis('value', 'ms per output token', { nameGap: 42 }),
    series: kStages.map(([name, value], i) => ({
      type: 'bar', name, data: stepped.map(value), itemStyle: { color: theme.colours[i] },
      ...(i === 0 && limit ? { markLine: { silent: true, symbol: 'none', lineStyle: { type: 'dashed', color: theme.colour('--bad') }, label: { formatter: `promised: ${limit} ms`, color: soft, position: 'insideEndTop' }, data: [{ yAxis: limit }] } } : {}),
    })),
  };
}

/// What was assumed of each pool, and what the simulation found.
function claims() {
  const head = ['fleet', 'sequences in a step', 'bound (ms)', 'calibrated (ms)', 'TPOT mean (ms)', 'TPOT p99 (ms)', 'tok/s/GPU, assumed', 'tok/s/GPU, simulated'];
  const ofRuns = runs.map((run) => {
    const pool = run.summary.pools[0], step = run.summary.decode_step;
    return [`${escaped(run.name)}${run.summary.verdict === 'saturated' ? ' <span class="missed">saturated</span>' : ''}`, number(step.sequences), number(step.bound_ms), number(step.calibrated_ms),
      number(run.summary.mean_tpot_ms), number(run.summary.p99_tpot_ms), number(pool.assumed_output_tok_s_per_gpu), number(run.summary.output_throughput_per_gpu)];
  });
  const ofFleets = (sizings.length ? kinds.map((kind) => best(sizings[0], kind)).filter(Boolean) : []).map((c) => [`${escaped(c.name)}, ${shape(c)}`, number(c.decode_step.sequences),
    number(c.decode_step.bound_ms), number(c.decode_step.calibrated_ms), number(c.decode_step.mean_tpot_ms), number(c.figures.p99_tpot_ms), '–', number(c.figures.output_throughput_per_gpu)]);
  fill('claims', `<thead>${line(head, 'th')}</thead><tbody>${[...ofRuns, ...ofFleets].map((cells) => line(cells)).join('')}</tbody>`);
  fill('steps-note', 'What a decode step of the mean batch takes if the GPUs reach their datasheet, what it takes as calibrated, and the time per output token that users met: prompts in between and queues make the rest. ' +
    (sizings.length ? `Fleets are those of ${escaped(sizings[0].name)}.` : ''));
}

function runAnswers() {
  document.getElementById('runs-section').hidden = runs.length === 0;
  fill('runs', runs.map((run) => {
    const s = run.summary, bad = s.verdict === 'saturated' || s.slo.some((p) => !p.kept);
    return `<section class="run ${bad ? 'bad' : 'good'}"><p class="answer">${escaped(run.answer)}</p><p>${escaped(run.binds)}</p>` +
      (s.warnings.length ? `<ul class="warnings">${s.warnings.map((w) => `<li>${escaped(w)}</li>`).join('')}</ul>` : '') + '</section>';
  }).join(''));
}

function tried() {
  const head = ['fleet', 'replicas', 'GPUs', 'TTFT p50', 'TTFT p99', 'TPOT p50', 'TPOT p99', 'busy', 'KV peak', '$/month', '$/M output', 'simulations', 'what binds'];
  fill('tried', sizings.map((s) => {
    const rows = s.sizing.candidates.map((c) => {
      const f = c.figures, name = `${escaped(c.name)}${c.tensor_parallel_sizes.length ? ` TP ${c.tensor_parallel_sizes.join(' + ')}` : ''}`;
      if (!f) return line([name, `<span class="missed">${escaped(c.status)}</span>`, ...Array(9).fill(''), number(c.simulations), escaped(c.binding)]);
      return line([name, c.replicas.join(' + '), number(c.gpus), number(f.median_ttft_ms), number(f.p99_ttft_ms), number(f.median_tpot_ms), number(f.p99_tpot_ms), percent(f.busy) + ' %', percent(f.kv_peak_usage) + ' %',
        f.usd_per_month === null ? '–' : dollars(f.usd_per_month), f.usd_per_million_output_tokens === null ? '–' : dollars(f.usd_per_million_output_tokens), number(c.simulations), escaped(c.binding)]);
    });
    return `<details><summary>${escaped(s.name)}: ${s.sizing.candidates.length} candidates, times in ms</summary><div class="wide"><table><thead>${line(head, 'th')}</thead><tbody>${rows.join('')}</tbody></table></div></details>`;
  }).join(''));
}

const interval = (c) => (c.usd_interval ? `<small>95 %: ${dollars(c.usd_interval[0])} to ${dollars(c.usd_interval[1])}</small>` : '');
const useful = (c) => (c.usd_per_million_useful_tokens === null ? '–' : dollars(c.usd_per_million_useful_tokens) + interval(c));

/// The matrix, and under it what each situation chose from.
function matrix() {
  document.getElementById('decisions-section').hidden = decisions.length === 0;
  const head = ['situation', 'run', 'GPUs', '$/M useful tokens', 'promises', 'wins by', 'how sure', 'what flips it'];
  fill('decisions', `<thead>${line(head, 'th')}</thead><tbody>${decisions.map(({ decision: d }) => {
    const c = d.contenders[0];
    if (!c.feasible) return line([escaped(d.situation), '<span class="missed">none holds</span>', '', '', '', '', escaped(d.sure), '']);
    return line([escaped(d.situation), `<b>${escaped(c.name)}</b>${outside(c)}`, number(c.gpus), useful(c), `${percent(c.goodput_ratio)} % of requests<small>p99 TTFT ${number(c.p99_ttft_ms)} ms, TPOT ${number(c.p99_tpot_ms)} ms</small>`, escaped(d.wins_by), escaped(d.sure), escaped(d.flips)]);
  }).join('')}</tbody>`);
  fill('contenders', decisions.map(({ decision: d }) => {
    const rows = d.contenders.map((c) => line([escaped(c.name), c.feasible ? `${number(c.gpus)}<small>${shape(c)}</small>` : `<span class="missed">does not hold</span><small>${escaped(c.binding)}</small>`,
      c.provisioned_kw > 0 ? `${number(c.provisioned_kw)} kW` : '–', c.feasible ? useful(c) : '', c.feasible ? number(c.p99_ttft_ms) : '', c.feasible ? number(c.p99_tpot_ms) : '', c.feasible && !c.envelope.inside ? escaped(c.envelope.reason) : '']));
    const varied = d.variations.map((v) => line([escaped(v.name), v.winner ? escaped(v.winner) : '<span class="missed">none holds</span>', v.cost_ratio === null ? '–' : number(v.cost_ratio)]));
    return `<details><summary>${escaped(d.situation)}</summary><div class="wide"><table><thead>${line(['fleet', 'GPUs', 'provisioned', '$/M useful tokens', 'TTFT p99', 'TPOT p99', 'outside what was calibrated'], 'th')}</thead><tbody>${rows.join('')}</tbody></table></div>` +
      `<div class="wide"><table><thead>${line(['with', 'wins', 'cost of the first / of the winner'], 'th')}</thead><tbody>${varied.join('')}</tbody></table></div></details>`;
  }).join(''));
}

/// A bar for each fleet that holds and has a price, situation by situation.
function usefulBars() {
  const names = [...new Set(decisions.flatMap((d) => d.decision.contenders.map((c) => c.name)))], soft = theme.colour('--soft');
  return {
    grid: { left: 70, right: 16, top: 44, bottom: 60 },
    legend: { top: 4, type: 'scroll', textStyle: { color: soft } },
    tooltip: { ...tooltip(), trigger: 'axis', axisPointer: { type: 'shadow' }, valueFormatter: (v) => (v === null || v === undefined ? 'does not hold' : dollars(v)) },
    xAxis: { ...axis('category', '', {}), data: decisions.map((d) => d.decision.situation), axisLabel: { color: soft, interval: 0, width: 90, overflow: 'break' } },
    yAxis: axis('value', '$ per million useful tokens', { nameGap: 52 }),
    series: names.map((name, i) => ({
      type: 'bar', name, itemStyle: { color: theme.colours[i % theme.colours.length] },
      data: decisions.map(({ decision: d }) => { const c = d.contenders.find((each) => each.name === name && each.feasible); return c ? c.usd_per_million_useful_tokens : null; }),
    })),
  };
}

function page() {
  fill('title', escaped(report.title));
  fill('answers', sizings.map((s) => {
    const good = s.sizing.candidates[0].status === 'feasible';
    return `<section class="run ${good ? 'good' : 'bad'}"><p class="answer">${escaped(s.name)}: ${escaped(s.sizing.answer)}</p></section>`;
  }).join(''));
  matrix();
  for (const id of ['sizings-section', 'tried-section']) document.getElementById(id).hidden = sizings.length === 0;
  document.getElementById('steps-section').hidden = stepped.length === 0;
  fleets();
  claims();
  runAnswers();
  tried();
  fill('again', [...decisions.map((d) => `<p><code>${escaped(d.command)}</code></p>`), ...sizings.map((s) => `<p><code>${escaped(s.command)}</code></p>`), ...runs.map((run) => `<p><code>flotilla run ${escaped(run.directory)}/resolved.yaml -o DIR</code></p>`)].join(''));
  const sizing = sizings.length ? sizings[0].sizing : decisions[0].decision;
  fill('footer', `Simulated with Flotilla ${escaped(sizing.version)}, commit ${escaped(sizing.commit)}. A fleet holds where every promise is kept, it is not saturated, and it refuses no more than 1 % of the requests. ` +
    'More replicas are taken never to hold less.');
}

startTheme();
page();
document.getElementById('money-figure').hidden = !sizings.some((s) => kinds.some((kind) => { const c = best(s, kind); return c && c.figures.usd_per_month !== null; }));
if (decisions.length) chart('useful', usefulBars);
if (sizings.length) chart('money', () => bars('$ per month', (c) => c.figures.usd_per_month, '$/month'));
if (sizings.length) chart('gpus', () => bars('GPUs', (c) => c.gpus, 'GPUs'));
if (stepped.length) chart('steps', steps);
charts.push({ draw: () => fill('sizings-legend', sizings.map((s, i) => `<span style="--dot:${theme.colours[i % theme.colours.length]}">${escaped(s.name)}</span>`).join('')) });
drawAll();
document.documentElement.dataset.ready = 'yes';
