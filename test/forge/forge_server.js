// A forge's REST APIs over bare repositories, on loopback: GitHub (/api/v3), Gitea (/api/v1), GitLab (/api/v4, /api/graphql).
//
//     node forge_server.js ROOT STATE
//
// ROOT holds OWNER/REPO.git (of GitLab also deeper). A file "organization" in an owner's folder makes it one; a file
// "private" in a repository shows it only to who has the token "good". STATE/port is written once it listens;
// STATE/log gets a line of JSON for each request. STATE/settings (a line that differs each time, then JSON) replaces the
// settings below.
//
// What it says as GitHub is checked with GitHub's own description of its API (@octokit/openapi), requests and answers
// alike, and is made of answers that were recorded there (@octokit/fixtures). What does not fit is answered with 599.
'use strict';
const fs = require('fs');
const http = require('http');
const path = require('path');
const crypto = require('crypto');
const { execFileSync } = require('child_process');
const Ajv = require('ajv');
const addFormats = require('ajv-formats');

const [root, state] = process.argv.slice(2);

let settings = {};
function set(to) {
  settings = {
    faults: [], // [{match: regular expression of "METHOD /path?query", times, status, headers, body, delay, cut}]
    page: 100, // the most that a page has
    tree_entries: 100000, // the most that a tree has, beyond which it is truncated
    ...to,
  };
}
set({});
let seen = '';
function look() {
  const file = path.join(state, 'settings');
  const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : seen;
  if (text !== seen) set(JSON.parse(text.slice(text.indexOf('\n'))));
  seen = text;
}

// ---- GitHub's description

// Read when somebody asks for it: it takes half a second, and the other forges need none of it.
let described;
function githubs() {
  if (!described) {
    const description = JSON.parse(fs.readFileSync(require.resolve('@octokit/openapi/generated/api.github.com.json'), 'utf8'));
    const ajv = new Ajv({ strict: false, validateSchema: false, logger: false, validateFormats: true });
    addFormats(ajv);
    ajv.addSchema(description, 'github');
    described = { description, ajv };
  }
  return described;
}
const escaped = (part) => part.replace(/~/g, '~0').replace(/\//g, '~1');
const compiled = new Map();
function fits(pointer, value) {
  const { ajv } = githubs();
  if (!compiled.has(pointer)) compiled.set(pointer, ajv.compile({ $ref: `github#${pointer}` }));
  const check = compiled.get(pointer);
  return check(value) ? '' : ajv.errorsText(check.errors);
}

// What is wrong with a request to, and an answer of, the operation GET `template`.
function problem(template, query, status, answer) {
  const { description, ajv } = githubs();
  const operation = (description.paths[template] || {}).get;
  if (!operation) return `GitHub has no GET ${template}`;
  const known = operation.parameters.map((each) =>
    each.$ref ? description.components.parameters[each.$ref.split('/').pop()] : each);
  for (const [name, value] of query) {
    const parameter = known.find((each) => each.in === 'query' && each.name === name);
    if (!parameter) return `GET ${template} has no parameter ${name}`;
    const typed = parameter.schema.type === 'integer' ? Number(value) : value;
    const check = ajv.compile(parameter.schema);
    if (!check(typed)) return `${name}=${value}: ${ajv.errorsText(check.errors)}`;
  }
  let response = operation.responses[status];
  if (!response) return status < 400 ? `GET ${template} does not answer ${status}` : '';
  let pointer = `/paths/${escaped(template)}/get/responses/${status}`;
  if (response.$ref) {
    pointer = response.$ref.slice(1);
    response = description.components.responses[response.$ref.split('/').pop()];
  }
  return response.content ? fits(`${pointer}/content/application~1json/schema`, answer) : '';
}

const recorded = (name) =>
  require(`@octokit/fixtures/scenarios/api.github.com/${name}/normalized-fixture.json`)[0].response;
const recordedRepository = recorded('get-repository');
const recordedOwner = recordedRepository.owner;

// ---- what is in ROOT

const git = (repository, ...args) =>
  execFileSync('git', ['-C', repository, '-c', 'safe.directory=*', '-c', 'core.quotePath=false', ...args],
    { maxBuffer: 1 << 28 }).toString();
const isRepository = (folder) => fs.existsSync(path.join(folder, 'HEAD'));
const folders = (where) =>
  fs.existsSync(where) ? fs.readdirSync(where, { withFileTypes: true }).filter((e) => e.isDirectory()).map((e) => e.name).sort() : [];

// As services do: the name in any case.
function find(where, name) {
  return folders(where).find((each) => each.toLowerCase() === name.toLowerCase());
}
function owner(name) {
  const spelled = find(root, name);
  return spelled && !isRepository(path.join(root, spelled))
    ? { name: spelled, organization: fs.existsSync(path.join(root, spelled, 'organization')) } : null;
}
function repository(of, name) {
  const spelled = of && find(path.join(root, of), `${name}.git`);
  if (!spelled) return null;
  const folder = path.join(root, of, spelled);
  return {
    folder, owner: owner(of.split('/')[0]), path: of, name: spelled.slice(0, -4),
    branch: git(folder, 'symbolic-ref', '--short', 'HEAD').trim(),
    private: fs.existsSync(path.join(folder, 'private')),
  };
}
const repositories = (of, token) =>
  folders(path.join(root, of)).filter((each) => each.endsWith('.git')).map((each) => repository(of, each.slice(0, -4)))
    .filter((each) => !each.private || token === 'good');

function tree(repo, id, recursive) {
  let lines;
  try {
    lines = git(repo.folder, 'ls-tree', '-z', '-l', ...(recursive ? ['-r', '-t'] : []), id).split('\0').filter(Boolean);
  } catch {
    return null;
  }
  return lines.map((line) => {
    const [, mode, type, sha, size, name] = /^(\d+) (\w+) (\w+) +(\S+)\t([^]*)$/.exec(line);
    return { path: name, mode, type, sha, ...(type === 'blob' ? { size: Number(size) } : {}) };
  });
}

// ---- services

const notFound = { status: 404, body: { message: 'Not Found', documentation_url: 'https://docs.github.com/rest', status: '404' } };

function page(list, query, name, base, url) {
  const size = Math.min(Number(query.get(name) || 30), settings.page);
  const number = Number(query.get('page') || 1);
  const headers = {};
  if (number * size < list.length) {
    const next = new URLSearchParams(query);
    next.set('page', number + 1);
    const last = new URLSearchParams(query);
    last.set('page', Math.ceil(list.length / size));
    headers.Link = `<${base}${url}?${last}>; rel="last", <${base}${url}?${next}>; rel="next"`;
  }
  return { body: list.slice((number - 1) * size, number * size), headers };
}

const githubOwner = (who) => ({
  ...recordedOwner, login: who.name, type: who.organization ? 'Organization' : 'User', user_view_type: 'public' });
const githubRepository = (repo, base) => ({
  ...recordedRepository, name: repo.name, full_name: `${repo.owner.name}/${repo.name}`, private: repo.private,
  owner: githubOwner(repo.owner), default_branch: repo.branch, clone_url: `${base}/${repo.owner.name}/${repo.name}.git`,
  visibility: repo.private ? 'private' : 'public', fork: false,
  has_discussions: false }); // since it was recorded

const github = [
  ['/users/{username}', ([name]) => {
    const who = owner(name);
    return who ? { body: { ...githubOwner(who), name: null, company: null, blog: null, location: null, email: null,
      hireable: null, bio: null, public_repos: 1, public_gists: 0, followers: 0, following: 0,
      created_at: '2017-10-10T16:00:00Z', updated_at: '2017-10-10T16:00:00Z' } } : notFound;
  }],
  ['/users/{username}/repos', ([name], q) => {
    const who = owner(name);
    return who ? page(repositories(who.name).map((r) => githubRepository(r, q.base)), q.query, 'per_page', q.api, q.path) : notFound;
  }],
  ['/orgs/{org}/repos', ([name], q) => {
    const who = owner(name);
    return who && who.organization
      ? page(repositories(who.name, q.token).map((r) => githubRepository(r, q.base)), q.query, 'per_page', q.api, q.path) : notFound;
  }],
  ['/user', (_, q) => q.token === 'good' ? github[0][1](['me'], q) : { status: 401, body: { message: 'Requires authentication' } }],
  ['/user/repos', (_, q) => page(repositories('me', q.token).map((r) => githubRepository(r, q.base)), q.query, 'per_page', q.api, q.path)],
  ['/repos/{owner}/{repo}', ([of, name], q) => {
    const repo = repository(find(root, of), name);
    return repo && (!repo.private || q.token === 'good') ? { body: githubRepository(repo, q.base) } : notFound;
  }],
  ['/repos/{owner}/{repo}/git/trees/{tree_sha}', ([of, name, id], q) => {
    const repo = repository(find(root, of), name);
    if (!repo || (repo.private && q.token !== 'good')) return notFound;
    const all = tree(repo, id, q.query.has('recursive'));
    if (!all) return notFound;
    return { body: { sha: id, url: `${q.api}${q.path}`, truncated: all.length > settings.tree_entries,
      tree: all.slice(0, settings.tree_entries).map((each) => ({ ...each, url: `${q.api}/objects/${each.sha}` })) } };
  }],
];

const giteaRepository = (repo, q) => ({ id: 1, owner: { id: 1, login: repo.owner.name, username: repo.owner.name }, name: repo.name,
  full_name: `${repo.owner.name}/${repo.name}`, empty: false, private: repo.private, default_branch: repo.branch,
  clone_url: `${q.base}/${repo.owner.name}/${repo.name}.git` });
const gitea = [
  ['/user', (_, q) => (q.token === 'good' ? { body: { id: 1, login: 'me', username: 'me' } } : { status: 401, body: { message: 'token is required' } })],
  ['/users/{name}', ([name]) => (owner(name) ? { body: { id: 1, login: owner(name).name, username: owner(name).name } } : notFound)],
  ['/users/{name}/repos', ([name], q) =>
    owner(name) ? page(repositories(owner(name).name, q.token).map((r) => giteaRepository(r, q)), q.query, 'limit', q.api, q.path) : notFound],
  ['/repos/{owner}/{repo}', ([of, name], q) => {
    const repo = repository(find(root, of), name);
    return repo && (!repo.private || q.token === 'good') ? { body: giteaRepository(repo, q) } : notFound;
  }],
  ['/repos/{owner}/{repo}/git/trees/{sha}', ([of, name, id], q) => {
    const repo = repository(find(root, of), name);
    const all = repo && tree(repo, id, q.query.has('recursive'));
    if (!all) return notFound;
    const size = Math.min(Number(q.query.get('per_page') || 1000), settings.page);
    const number = Number(q.query.get('page') || 1);
    return { body: { sha: id, url: '', total_count: all.length, page: number, truncated: number * size < all.length,
      tree: all.slice((number - 1) * size, number * size) } };
  }],
];

const gitlabProject = (repo) => ({ id: 1, name: `The ${repo.name}`, path: repo.name, path_with_namespace: `${repo.path}/${repo.name}`,
  default_branch: repo.branch, visibility: repo.private ? 'private' : 'public' });
// The folder of a group, spelled as it is; "" if there is none.
function group(name) {
  let at = '';
  for (const part of name.split('/')) {
    const next = find(path.join(root, at), part);
    if (!next || next.endsWith('.git')) return '';
    at = path.join(at, next);
  }
  return at;
}
const isUser = (name) => !fs.existsSync(path.join(root, name, 'organization')) && !name.includes('/');
const gitlabGroup = (name) => ({ id: 2, name: `Group ${name}`, path: path.basename(name), full_path: name });
const gitlab = [
  ['/user', (_, q) => (q.token === 'good' ? { body: { id: 3, username: 'me' } } : { status: 401, body: { message: '401 Unauthorized' } })],
  ['/groups/{id}', ([id]) => { const g = group(id); return g && !isUser(g) ? { body: gitlabGroup(g) } : { status: 404, body: { message: '404 Group Not Found' } }; }],
  ['/groups/{id}/subgroups', ([id], q) => {
    const g = group(id);
    if (!g || isUser(g)) return { status: 404, body: { message: '404 Group Not Found' } };
    return page(folders(path.join(root, g)).filter((e) => !e.endsWith('.git')).map((e) => gitlabGroup(`${g}/${e}`)), q.query, 'per_page', q.api, q.path);
  }],
  ['/groups/{id}/projects', ([id], q) => {
    const g = group(id);
    // Those of other groups that are shared with this one are in it, unless they are not wanted.
    const shared = g === 'Org' && q.query.get('with_shared') !== 'false' ? repositories('Octo', q.token) : [];
    return g ? page([...repositories(g, q.token), ...shared].map(gitlabProject), q.query, 'per_page', q.api, q.path) : notFound;
  }],
  ['/users', (_, q) => { const g = group(q.query.get('username')); return { body: g && isUser(g) ? [{ id: 3, username: g }] : [] }; }],
  ['/users/{id}/projects', ([id], q) => {
    const g = group(id);
    return g ? page(repositories(g, q.token).map(gitlabProject), q.query, 'per_page', q.api, q.path) : notFound;
  }],
  ['/projects/{id}', ([id], q) => {
    const g = group(path.dirname(id));
    const repo = g && repository(g, path.basename(id));
    return repo && (!repo.private || q.token === 'good') ? { body: gitlabProject(repo) } : { status: 404, body: { message: '404 Project Not Found' } };
  }],
];

function graphql(body) {
  const { project, ref, paths } = JSON.parse(body).variables;
  const g = group(path.dirname(project));
  const repo = g && repository(g, path.basename(project));
  if (!repo) return { body: { data: { project: null } } };
  if (paths.length > 100) return { body: { errors: [{ message: 'too many paths' }] } };
  const nodes = git(repo.folder, 'ls-tree', '-z', '-l', ref, '--', ...paths).split('\0').filter(Boolean)
    .map((line) => line.split(/[ \t]+/)).map(([, , id, size]) => ({ oid: id, size })); // a BigInt is a string
  return { body: { data: { project: { repository: { blobs: { nodes } } } } } };
}

const services = [
  { prefix: '/api/v3', routes: github, checked: true },
  { prefix: '/api/v1', routes: gitea },
  { prefix: '/api/v4', routes: gitlab },
];

function answer(request, body, base) {
  const url = new URL(request.url, base);
  if (request.method === 'POST' && url.pathname === '/api/graphql') return graphql(body);
  const service = services.find((each) => url.pathname.startsWith(each.prefix + '/'));
  if (!service || request.method !== 'GET') return { status: 404, body: { message: 'no such service' } };
  const asked = url.pathname.slice(service.prefix.length);
  if (asked === '/') return service.checked ? { body: {} } : notFound; // whether it is there at all
  const parts = asked.split('/').slice(1).map(decodeURIComponent);
  const token = (/^(?:Bearer|token) (.*)$/i.exec(request.headers.authorization || '') || [])[1];
  if (token !== undefined && token !== 'good')
    return { status: 401, body: { message: 'Bad credentials', documentation_url: 'https://docs.github.com/rest', status: '401' } };
  for (const [template, make] of service.routes) {
    const pattern = template.split('/').slice(1);
    if (pattern.length !== parts.length || !pattern.every((p, i) => p.startsWith('{') || p === parts[i])) continue;
    const given = parts.filter((_, i) => pattern[i].startsWith('{'));
    const out = make(given, { query: url.searchParams, token, base, api: base + service.prefix, path: asked });
    const wrong = service.checked ? problem(template, url.searchParams, out.status || 200, out.body) : '';
    return wrong ? { status: 599, body: { message: wrong }, wrong } : out;
  }
  return service.checked ? { status: 599, body: { message: 'no such operation' }, wrong: request.url } : notFound;
}

const log = fs.openSync(path.join(state, 'log'), 'a');
const server = http.createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', async () => {
    const body = Buffer.concat(pieces).toString();
    look();
    const base = `http://127.0.0.1:${server.address().port}`;
    const line = `${request.method} ${request.url}`;
    const fault = settings.faults.find((each) => each.times !== 0 && new RegExp(each.match).test(line));
    if (fault && fault.times) --fault.times;
    if (fault && fault.delay) await new Promise((done) => setTimeout(done, fault.delay));
    let out;
    try {
      out = fault && (fault.status || fault.body !== undefined) ? { ...fault, status: fault.status || 200 } : answer(request, body, base);
    } catch (thrown) {
      out = { status: 599, body: { message: String(thrown) }, wrong: String(thrown) };
    }
    const text = typeof out.body === 'string' ? out.body : JSON.stringify(out.body);
    const etag = `W/"${crypto.createHash('sha1').update(text).digest('hex')}"`;
    const same = !fault && !out.status && request.headers['if-none-match'] === etag;
    const status = same ? 304 : out.status || 200;
    fs.writeSync(log, JSON.stringify({ line, status, authorization: request.headers.authorization || '', wrong: out.wrong || '' }) + '\n');
    response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', ...(status === 200 ? { ETag: etag } : {}),
      'Content-Length': same ? 0 : Buffer.byteLength(text), ...(out.headers || {}) });
    if (fault && fault.cut) return response.write(text.slice(0, fault.cut), () => request.socket.destroy());
    response.end(same ? '' : text);
  });
});
server.listen(0, '127.0.0.1', () => {
  fs.writeFileSync(path.join(state, 'port.new'), String(server.address().port));
  fs.renameSync(path.join(state, 'port.new'), path.join(state, 'port'));
});
