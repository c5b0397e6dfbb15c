'use strict';
// Checks answers against the OpenAPI document that the server itself publishes.
const assert = require('node:assert/strict');
const Ajv2020 = require('ajv/dist/2020').default;
const addFormats = require('ajv-formats').default;

const kPrefix = '/api/v1';
const pointer = (part) => part.replace(/~/g, '~0').replace(/\//g, '~1');

class OpenApi {
  constructor(document) {
    this.document = document;
    this.ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats(this.ajv);
    this.ajv.addSchema(document, 'openapi');
    this.seen = new Set();
    this.routes = Object.keys(document.paths).map((route) => ({
      route, pattern: new RegExp(`^${route.replace(/[.]/g, '\\.').replace(/\{[^}]+\}/g, '[^/]+')}$`), literal: !route.includes('{'),
    })).sort((left, right) => Number(right.literal) - Number(left.literal));
  }

  /** Fails when the answer is not one that the document announces. */
  check(method, route, { status, body }) {
    const bare = route.split('?')[0];
    const verb = method.toLowerCase();
    const found = this.routes.find(({ route: known, pattern }) =>
      (pattern.test(bare) || pattern.test(kPrefix + bare)) && this.document.paths[known][verb]);
    if (!found) {
      assert.ok(status === 404 || status === 405 || status === 401, `${method} ${route} answered ${status} but is not in the document`);
      return;
    }
    let where = `/paths/${pointer(found.route)}/${verb}/responses/`;
    const { responses } = this.document.paths[found.route][verb];
    const key = responses[status] ? String(status) : responses[`${String(status)[0]}XX`] ? `${String(status)[0]}XX` : 'default';
    assert.ok(responses[key], `${method} ${found.route}: the answer ${status} is not in the document`);
    this.seen.add(`${method} ${found.route} ${status}`);
    let response = responses[key];
    where += key;
    if (response.$ref) {
      where = response.$ref.slice(1);
      response = where.slice(1).split('/').reduce((value, part) => value[part.replace(/~1/g, '/').replace(/~0/g, '~')], this.document);
    }
    if (!response.content) {
      assert.equal(body, undefined, `${method} ${found.route} ${status} should have no body`);
      return;
    }
    const type = Object.keys(response.content).find((name) => name.includes('json'));
    if (!type || !response.content[type].schema) return;
    const reference = `openapi#${where}/content/${pointer(type)}/schema`;
    const validate = this.ajv.getSchema(reference) ?? this.ajv.compile({ $ref: reference });
    assert.ok(validate(body), `${method} ${found.route} ${status}: ${this.ajv.errorsText(validate.errors)} in ${JSON.stringify(body).slice(0, 600)}`);
  }
}

module.exports = { OpenApi };
