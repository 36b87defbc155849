// Drives the gateway with the real `openai` SDK for Node.
//
// As `../python/drive.py` does: every case is put through the gateway and to a vendor directly, and what the SDK hands to
// its user must be the same.
//
// Environment: GATEWAY and DIRECT (addresses, `http://host:port`), KEY (of a user of the gateway), NODE_SDK (the folder
// whose node_modules holds the SDK). Prints a line a case; exits with 1 where one fails.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

// The SDK is not installed beside this file, so that the sources stay as they are checked out.
const sdk = createRequire(join(process.env.NODE_SDK, 'package.json'));
const { default: OpenAI, ...errors } = await import(pathToFileURL(sdk.resolve('openai')));
const { version } = JSON.parse(readFileSync(join(process.env.NODE_SDK, 'node_modules/openai/package.json')));

const NOTES = fileURLToPath(new URL('../notes/', import.meta.url));
const FRAGMENTS = [1, 3, 7, 40];
// No outcome depends on it: what takes longer is broken.
const PATIENCE = 60_000;

const notes = Object.fromEntries(
  readdirSync(NOTES)
    .filter((name) => !name.endsWith('.planted.json'))
    .sort()
    .map((name) => [name, readFileSync(join(NOTES, name), 'utf8')]),
);
assert.ok(Object.keys(notes).length >= 3, `the test notes are not in ${NOTES}`);

const client = (url, apiKey) => new OpenAI({ baseURL: `${url}/v1`, apiKey, timeout: PATIENCE, maxRetries: 0 });
const gateway = client(process.env.GATEWAY, process.env.KEY);
const direct = client(process.env.DIRECT, 'unused');
const user = (content) => ({ role: 'user', content });

// Somebody whom a note names. Without a title or other cue only what else the conversation says can tell a name.
const relative = (text) =>
  ["Siobhán O'Dálaigh", 'Béla Ács', 'Dolores Ibáñez-Quirke'].find((name) => text.includes(name));

const TOOL = {
  type: 'function',
  function: {
    name: 'file_in_chart',
    description: 'Files a text in the chart of Mr. Béla Ács (MRN: 5530017).',
    parameters: {
      type: 'object',
      properties: { subject: { type: 'string' }, text: { type: 'string' }, lines: { type: 'array' } },
      required: ['subject', 'text'],
    },
  },
};

// === What must be the same with and without the gateway ===

async function plain(client, model, text) {
  const { choices, usage } = await client.chat.completions.create({ model, messages: [user(text)] });
  return { text: choices[0].message.content, finish: choices[0].finish_reason, usage: usage.total_tokens };
}

async function prompts(client, model, text) {
  const messages = [
    { role: 'system', content: `You help Dr. Tomás Feßler. The chart so far:\n${text}` },
    { role: 'developer', content: [{ type: 'text', text: 'Never call Mr. Béla Ács by his first name.' }] },
    user([{ type: 'text', text: `What does the chart say of ${relative(text)}, and since when?` }, { type: 'text', text }]),
  ];
  const { choices } = await client.chat.completions.create({ model, messages });
  return { text: choices[0].message.content };
}

async function turns(client, model, text) {
  const messages = [user(text)];
  const answers = [];
  for (const question of [`And what of ${relative(text)}?`, 'Write to bela.acs@example.com.', null]) {
    const { choices } = await client.chat.completions.create({ model, messages });
    answers.push(choices[0].message.content);
    messages.push(choices[0].message);
    if (question) messages.push(user(question));
  }
  return { answers };
}

async function stream(client, model, text) {
  const out = { text: '', finish: null, usage: null };
  const asked = { model, messages: [user(text)], stream: true, stream_options: { include_usage: true } };
  for await (const chunk of await client.chat.completions.create(asked)) {
    if (chunk.usage) out.usage = chunk.usage.total_tokens;
    for (const choice of chunk.choices) {
      assert.ok(!(out.finish && choice.delta.content), 'text after the end');
      out.text += choice.delta.content ?? '';
      out.finish = choice.finish_reason ?? out.finish;
    }
  }
  return out;
}

async function helper(client, model, text) {
  let deltas = '';
  const runner = client.chat.completions.stream({ model, messages: [user(text)] });
  runner.on('content', (delta) => (deltas += delta));
  const final = await runner.finalChatCompletion();
  assert.equal(deltas, final.choices[0].message.content, "the helper's own views of the answer differ");
  return { text: deltas, finish: final.choices[0].finish_reason };
}

async function tool(client, model, text, streamed) {
  const messages = [user(text)];
  const asked = { model: `${model}-tool`, messages, tools: [TOOL] };
  const answer = streamed
    ? await client.chat.completions.stream(asked).finalChatCompletion()
    : await client.chat.completions.create(asked);
  const { message, finish_reason: finish } = answer.choices[0];
  assert.equal(message.tool_calls.length, 1);
  const { id, function: called } = message.tool_calls[0];
  const value = JSON.parse(called.arguments);
  messages.push(
    { role: 'assistant', content: null, tool_calls: [{ id, type: 'function', function: { name: called.name, arguments: called.arguments } }] },
    { role: 'tool', tool_call_id: id, content: JSON.stringify({ filed: true, by: relative(text), subject: value.subject }) },
  );
  const after = await client.chat.completions.create({ model, messages, tools: [TOOL] });
  return { finish, id, name: called.name, value, result: JSON.parse(after.choices[0].message.content) };
}

// An answer that is a document of JSON as its reader reads it: how a letter is escaped there makes no difference.
function asRead(value) {
  if (Array.isArray(value)) return value.map(asRead);
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, asRead(inner)]));
  }
  return typeof value === 'string' && value.startsWith('{') ? JSON.parse(value) : value;
}

const cases = [];

function same(name, ask, ...asked) {
  cases.push([
    name,
    async () => {
      const unprotected = await ask(direct, ...asked);
      // A vendor that said nothing would make any two answers the same.
      assert.ok(JSON.stringify(unprotected).length > 60, `the vendor said too little: ${JSON.stringify(unprotected)}`);
      assert.deepEqual(asRead(await ask(gateway, ...asked)), asRead(unprotected));
    },
  ]);
}

for (const [note, text] of Object.entries(notes)) {
  for (const ask of [plain, turns]) same(`${ask.name} ${note}`, ask, 'standin-echo', text);
  for (const size of FRAGMENTS) {
    for (const ask of [stream, helper]) same(`${ask.name} ${note} f${size}`, ask, `standin-echo-f${size}`, text);
  }
  // See drive.py for why a note that is a document of JSON is not put so.
  if (note.endsWith('.json')) continue;
  same(`prompts ${note}`, prompts, 'standin-echo', text);
  same(`summary ${note}`, plain, 'standin', text);
  same(`tool ${note}`, tool, 'standin-echo', text, false);
  for (const size of FRAGMENTS) {
    same(`tool streamed ${note} f${size}`, tool, `standin-echo-f${size}`, text, true);
  }
}

// === What the gateway says by itself ===

const text = notes['call.txt'];

function raises(name, kind, ask, ...fragments) {
  cases.push([
    name,
    async () => {
      const error = await ask().then(
        (answer) => assert.fail(`no ${kind} was raised, but this came: ${JSON.stringify(answer)}`),
        (error) => error,
      );
      assert.equal(error.constructor.name, kind, String(error));
      for (const fragment of fragments) assert.ok(error.message.includes(fragment), `${fragment} is not in ${error}`);
    },
  ]);
}

const ask = (model, more = {}, options = {}, asker = gateway) =>
  asker.chat.completions.create({ model, messages: [user(text)], ...more }, options);
const { KEY } = process.env;
const wrong = gateway.withOptions({ apiKey: KEY.slice(0, -1) + (KEY.endsWith('A') ? 'B' : 'A') });
const purpose = { headers: { 'x-asepsis-purpose': 'HMARKT' } };

raises('wrong key', 'AuthenticationError', () => ask('standin-echo', {}, {}, wrong), 'ex_');
raises('unknown model', 'NotFoundError', () => ask('no-such-model'), 'no registered AI system', 'ex_');
raises('refused by policy', 'PermissionDeniedError', () => ask('standin-refused', {}, purpose), 'did not send this', 'ex_');
raises('bad request', 'BadRequestError', () => ask('standin-refused', { messages: 'none' }), 'messages');
raises('rate limit', 'RateLimitError', () => ask('standin-e429'), "as the model's name asks");
raises('rate limit of a stream', 'RateLimitError', () => ask('standin-e429', { stream: true }));
raises('vendor failure', 'InternalServerError', () => ask('standin-e500'));
raises('cut answer', 'InternalServerError', () => ask('standin-echo-cut'), 'ex_');

cases.push([
  'models',
  async () => {
    const ids = [];
    for await (const model of gateway.models.list()) ids.push(model.id);
    assert.deepEqual(ids, ['standin*']);
  },
]);

cases.push([
  'request id',
  async () => {
    const { data, response, request_id } = await ask('standin-echo').withResponse();
    assert.match(request_id, /^ex_[0-9a-f]{32}$/);
    assert.equal(response.headers.get('x-asepsis-exchange'), request_id);
    assert.equal(data._request_id, request_id);
    assert.equal(data.choices[0].message.content, text);
  },
]);

for (const failure of ['cut', 'badjson', 'badutf8']) {
  for (const size of FRAGMENTS) {
    cases.push([
      `${failure} stream f${size}`,
      async () => {
        let came = '';
        const finished = [];
        const read = async () => {
          for await (const chunk of await ask(`standin-echo-f${size}-${failure}`, { stream: true })) {
            for (const choice of chunk.choices) {
              came += choice.delta.content ?? '';
              if (choice.finish_reason) finished.push(choice.finish_reason);
            }
          }
        };
        await assert.rejects(read, `a broken stream ended as if it were whole, after ${came}`);
        assert.deepEqual(finished, [], 'a broken stream said that it had finished');
        assert.ok(came && text.startsWith(came), came);
      },
    ]);
    cases.push([
      `${failure} helper f${size}`,
      () => {
        const asked = { model: `standin-echo-f${size}-${failure}`, messages: [user(text)] };
        const final = gateway.chat.completions.stream(asked).finalChatCompletion();
        return assert.rejects(final, errors.OpenAIError, 'a broken stream gave a final answer');
      },
    ]);
  }
}

// === Running ===

let failed = 0;
for (const [name, run] of cases) {
  try {
    await run();
    console.log(`ok     ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}\n${error.stack}`);
  }
}
console.log(`openai for Node ${version}: ${cases.length - failed} cases hold, ${failed} do not`);
process.exitCode = failed ? 1 : 0;
