'use strict';
// The queries of the Grafana dashboard, as Grafana would send them.

const fs = require('node:fs');
const path = require('node:path');
const { kRoot } = require('./prometheus');

const kDashboard = path.join(kRoot, 'deploy/grafana/restante.json');

/** What only has a value after an incident, or with a provider that a test has not. Each with its reason. */
const kOnlyAfterwards = new Map([
  ...[0.5, 0.99].map((share) => [
    `histogram_quantile(${share}, sum by (le, provider) (rate(restante_push_seconds_bucket{instance=~"node"}[5m])))`,
    'no push was sent: a test of the push outbox has a provider, this one has none']),
]);

function* panelsOf(panels) {
  for (const panel of panels) {
    yield panel;
    yield* panelsOf(panel.panels ?? []);
  }
}

/** [{ panel, expression }] with Grafana's variables filled in. */
function dashboardQueries({ interval = '10s', instance = '.*' } = {}) {
  const dashboard = JSON.parse(fs.readFileSync(kDashboard, 'utf8'));
  const queries = [];
  for (const panel of panelsOf(dashboard.panels)) {
    for (const { expr } of panel.targets ?? []) {
      const expression = expr.replaceAll('$__rate_interval', interval).replaceAll('$instance', instance);
      queries.push({ panel: panel.title, expression });
    }
  }
  return queries;
}

/** The expressions of one panel, in order. */
function panelQueries(title, options) {
  return dashboardQueries(options).filter(({ panel }) => panel === title).map(({ expression }) => expression);
}

module.exports = { dashboardQueries, kDashboard, kOnlyAfterwards, panelQueries };
