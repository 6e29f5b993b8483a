// The links of a run as a picture of the fleet: spines above leaves above nodes, each link coloured by its use.
'use strict';

const kLevels = [
  ['spine', 'spines'], ['leaf', 'leaves'], ['nic', 'NICs'], ['pcie', 'PCIe switches'], ['cpu', 'CPUs'], ['gpu', 'GPUs'],
  ['nvswitch', 'NVSwitches']
];
const kLinkKinds = {
  nvlink: 'NVLink',
  c2c: 'C2C',
  pcie: 'PCIe',
  cpu_link: 'between CPUs',
  nic_link: 'NIC to leaf',
  spine_link: 'leaf to spine'
};
const kMostDrawn = 200;
const kLevelHeight = 78;  // px
const kPartWidth = 9;     // px: closer, and parts could not be pointed at

/// "decode/rack0/node2/gpu1" as what it is and where; null for a name of another form.
function partOf(name) {
  const found = name.match(/^(.+)\/([a-z]+)(\d+)$/);
  return found && kLevels.some(([kind]) => kind === found[2]) ?
      { name, owner: found[1], kind: found[2], index: +found[3] } :
      null;
}

/// Both ends of "a--b" or "a--b#2"; a pool's name may hold "--" itself.
function endsOf(link) {
  const words = link.name.replace(/#\d+$/, '').split('--');
  for (let i = 1; i < words.length; ++i) {
    const ends = [partOf(words.slice(0, i).join('--')), partOf(words.slice(i).join('--'))];
    if (ends[0] && ends[1]) return ends;
  }
  return null;
}

/// By the numbers in names: node2 before node10.
const byName = (a, b) => a.localeCompare(b, 'en', { numeric: true });

/// Where parts stand: nodes side by side, each as wide as its widest level; what belongs to no node is spread over all.
function layout(links) {
  const parts = new Map();
  for (const { ends } of links)
    for (const part of ends) parts.set(part.name, part);
  const all = [...parts.values()].sort((a, b) => byName(a.name, b.name));
  const shared = (part) => part.kind === 'spine' || part.kind === 'leaf' || part.kind === 'nvswitch';
  const owners = [...new Set(all.filter((part) => !shared(part)).map((part) => part.owner))];
  const levels = kLevels.filter(([kind]) => all.some((part) => part.kind === kind)),
        row = (kind) => levels.findIndex(([each]) => each === kind);
  const spread = (group, from, width) => group.forEach((part, i) => {
    part.x = from + width * (i + 0.5) / group.length;
    part.y = row(part.kind);
  });
  const blocks = [];
  let width = 0;
  for (const owner of owners) {
    const own = all.filter((part) => part.owner === owner && !shared(part));
    const wide = Math.max(2, ...levels.map(([kind]) => own.filter((part) => part.kind === kind).length));
    for (const [kind] of levels) spread(own.filter((part) => part.kind === kind), width, wide);
    blocks.push({ name: owner, from: width, to: width + wide });
    width += wide + 1;
  }
  width = Math.max(1, width - 1);
  for (const domain of new Set(all.filter((part) => part.kind === 'nvswitch').map((part) => part.owner))) {
    const below = blocks.filter((b) => b.name === domain || b.name.startsWith(domain + '/'));
    spread(
        all.filter((part) => part.kind === 'nvswitch' && part.owner === domain), below.length ? below[0].from : 0,
        below.length ? below[below.length - 1].to - below[0].from : width);
  }
  for (const kind of ['leaf', 'spine']) spread(all.filter((part) => part.kind === kind), 0, width);
  for (const { ends } of links)
    for (const end of ends) Object.assign(end, { x: parts.get(end.name).x, y: parts.get(end.name).y });
  return { parts: all, blocks, levels, width };
}

/// Links with two ends that can be placed, the busiest first.
const drawable = (run) => run.summary.links.map((link) => ({...link, ends: endsOf(link) }))
                              .filter((link) => link.ends && link.bytes > 0)
                              .slice(0, kMostDrawn);

/// The end of the scale: all runs share it, so that their pictures can be compared.
function hottest() {
  const top = Math.max(0, ...runs.flatMap(drawable).map((link) => link.mean_utilization));
  return top > 0 ? Math.min(1, round125(top, true)) : 1;
}

/// A name as far as there is room: all of it, or its number; none where it has no room.
function fitting(name, width) {
  return [name, name.replace(/^\D+/, '')].find((text) => 6.4 * text.length < width) || '';
}

/// Neighbouring blocks of one pool or rack.
function groupsOf(blocks) {
  const groups = [];
  for (const block of blocks) {
    const name = block.name.split('/').slice(0, -1).join('/'), last = groups[groups.length - 1];
    if (last && last.name === name)
      last.to = block.to;
    else
      groups.push({...block, name, group: true });
  }
  return groups;
}

/// A node's frame behind its parts with its name below, and below that the name of its pool or rack.
function frame(frames, bottom) {
  return (params, api) => {
    const each = frames[params.dataIndex], [x0, y0] = api.coord([each.from, each.top]),
          [x1, y1] = api.coord([each.to, bottom]);
    const text = (content, y, colour) => ({
      type: 'text',
      style: { text: content, x: (x0 + x1) / 2, y, align: 'center', fontSize: 11, fill: theme.colour(colour) }
    });
    if (each.group) {
      return {
        type: 'group',
        silent: true,
        children: [
          {
            type: 'line',
            shape: { x1: x0 + 2, y1: y1 + 22, x2: x1 - 2, y2: y1 + 22 },
            style: { stroke: theme.colour('--soft'), lineWidth: 1 }
          },
          text(6.4 * each.name.length < x1 - x0 + 30 ? each.name : '', y1 + 26, '--text')
        ]
      };
    }
    return {
      type: 'group',
      silent: true,
      children: [
        {
          type: 'rect',
          shape: { x: x0, y: y0, width: x1 - x0, height: y1 - y0, r: 4 },
          style: { fill: theme.colour('--bg'), stroke: theme.colour('--line') }
        },
        text(fitting(each.name.split('/').pop(), x1 - x0 + 6), y1 + 5, '--soft')
      ]
    };
  };
}

function linkText(link) {
  const cable = link.name.match(/#(\d+)$/);
  return `<b>${escaped(link.ends[0].name)}</b><br><b>${escaped(link.ends[1].name)}</b>${
             cable ? `<br>cable ${+ cable[1] + 1}` : ''}<br>${kLinkKinds[link.kind] || escaped(link.kind)}: ${
             number(link.bytes / 1e9)} GB in both directions<br>` +
      `mean use <b>${share(link.mean_utilization)}</b>, of transfers in the busiest second <b>${
             share(link.peak_utilization)}</b>`;
}

/// Hot links on top of cold ones; parallel cables a few pixels apart.
function edgesOf(links, place, element) {
  const seen = new Map(), top = hottest(), unit = element.clientWidth / (place.width + 10);
  return [...links].sort((a, b) => a.mean_utilization - b.mean_utilization).map((link) => {
    const pair = link.ends.map((end) => end.name).join('\n'), nth = seen.get(pair) || 0;
    seen.set(pair, nth + 1);
    const length =
        Math.hypot(unit * (link.ends[0].x - link.ends[1].x), kLevelHeight * (link.ends[0].y - link.ends[1].y));
    const heat = link.mean_utilization / top, aside = nth === 0 ? 0 : (nth % 2 ? 1 : -1) * Math.ceil(nth / 2);
    return {
      source: link.ends[0].name,
      target: link.ends[1].name,
      link,
      lineStyle: { color: scaled('heat', heat), width: 1.6 + 2.6 * heat, opacity: 1, curveness: 10 * aside / length }
    };
  });
}

function linkPicture(links, place, element) {
  const soft = theme.colour('--soft'), last = place.levels.length - 1;
  // Frames begin above the first level that belongs to nodes.
  const top = place.levels.findIndex(([kind]) => kind !== 'spine' && kind !== 'leaf') - 0.3;
  const frames = [...place.blocks, ...groupsOf(place.blocks)].map((each) => ({...each, top }));
  return {
    grid: { left: 88, right: 14, top: 4, bottom: 48 },
    tooltip: {
      ...tooltip(),
      trigger: 'item',
      formatter: (item) =>
          (item.dataType === 'edge'        ? linkText(item.data.link) :
               item.data && item.data.part ? escaped(item.data.part.name) :
                                             '')
    },
    xAxis: { type: 'value', show: false, min: -0.6, max: place.width + 0.6 },
    yAxis: {
      type: 'value',
      inverse: true,
      min: -0.35,
      max: last + 0.3,
      interval: 1,
      axisLine: { show: false },
      axisTick: { show: false },
      splitLine: { show: false },
      axisLabel: { show: false },
    },
    series: [
      {
        type: 'custom',
        silent: true,
        z: 1,
        data: frames.map((f) => [f.from, last]),
        renderItem: frame(frames, last + 0.3)
      },
      {
        type: 'graph',
        layout: 'none',
        coordinateSystem: 'cartesian2d',
        z: 3,
        symbolSize: 6,
        itemStyle: { color: soft },
        emphasis: { disabled: true },
        edgeSymbol: 'none',
        data: place.parts.map((part) => ({ name: part.name, value: [part.x, part.y], part })),
        links: edgesOf(links, place, element),
      },
      {
        type: 'custom',
        silent: true,
        z: 4,
        data: place.levels.map((_, i) => [0, i]),
        renderItem: (params, api) => ({
          type: 'text',
          style: {
            text: place.levels[params.dataIndex][1],
            x: 80,
            y: api.coord([0, params.dataIndex])[1],
            align: 'right',
            verticalAlign: 'middle',
            fontSize: 11.5,
            fill: soft
          }
        }),
      },
    ],
  };
}

function linkWords(kept) {
  const most = Math.max(...kept.map((run) => drawable(run).length));
  const cut =
      kept.some((run) => run.summary.links.length >= report.most_links || run.summary.links.length > kMostDrawn);
  return `${
             cut ? `The ${most} busiest links: the summary of a run keeps no more than ${
                       report.most_links}, and what they do not touch is not drawn.` :
                   'Every link that carried KV, or collectives inside a replica, and the parts that they join.'} ` +
      'A colour is the mean use of a link’s busier direction over the run; touch a link for the busiest second.';
}

function linkCharts() {
  const kept = runs.filter((run) => drawable(run).length > 0);
  document.getElementById('heat-section').hidden = kept.length === 0;
  if (kept.length === 0) return;
  fill('heat-words', linkWords(kept));
  fill(
      'heats',
      kept.map((run, i) => {
            const place = layout(drawable(run));
            return `<figure>${
                       several ? `<figcaption>${dot(runs.indexOf(run))}${escaped(run.name)}</figcaption>` :
                                 ''}<div class="scroll">` +
                `<div class="chart" id="links-${i}" style="min-width:${
                       Math.round(102 + kPartWidth * place.width)}px;height:${
                       52 + kLevelHeight * place.levels.length}px"></div></div></figure>`;
          })
          .join(''));
  charts.push({ draw: () => scaleBar('heat-scale', 'heat', 'mean use: 0 %', `${number(100 * hottest())} %`) });
  kept.forEach((run, i) => {
    const links = drawable(run), place = layout(links);
    const id = `links-${i}`;
    chart(id, () => linkPicture(links, place, document.getElementById(id)));
  });
}
