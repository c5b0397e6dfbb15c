// Reads the message contents that a Restante server stored in MongoDB (docs/data-model.md, "Sealed contents").
// Node.js 18 or later, no packages. Whoever can run this can read everything: it needs the server's key files.
//
//   import { ContentReader } from './decrypt.mjs';
//   const reader = new ContentReader('/var/lib/restante', mongoose.connection.collection('keys'));
//   for await (const message of Message.find({ recipient })) console.log(await reader.read(message));

import { createDecipheriv } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FORMAT = 'restante-keys 1';
const VERSION = Buffer.from([1]);
const AES_256_GCM = 1;
const ID = 12, NONCE = 12, TAG = 16, KEY = 32;
const MAX_KEYS = 10_000; // data keys kept in memory, one or a few for each conversation

/** The plaintext of nonce ‖ ciphertext ‖ tag; throws when a bit of it, or of what it belongs to, is not as it was. */
function open(key, sealed, associated) {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE), { authTagLength: TAG });
  decipher.setAAD(Buffer.concat(associated));
  decipher.setAuthTag(sealed.subarray(-TAG));
  return Buffer.concat([decipher.update(sealed.subarray(NONCE, -TAG)), decipher.final()]);
}

/** key id -> key: what the server wraps data keys with. `master` only where it is not in DIRECTORY/master.key. */
export function readEpochKeys(directory, master = readFileSync(join(directory, 'master.key'))) {
  const [format, ...lines] = readFileSync(join(directory, 'keys'), 'utf8').trimEnd().split('\n');
  if (format !== FORMAT) throw new Error(`${directory}/keys is not in the format "${FORMAT}"`);
  const keys = new Map();
  for (const line of lines) {
    const [purpose, id, sealed] = line.split(' ');
    if (purpose === 'epoch') keys.set(id, open(master, Buffer.from(sealed, 'base64url'), [Buffer.from(FORMAT + purpose + id)]));
  }
  return keys;
}

const idBytes = (id) => Buffer.from(id.toString('hex'), 'hex'); // of an ObjectId

export class ContentReader {
  #epochKeys;
  #collection;
  #dataKeys = new Map();

  /**
   * @param directory a server's data directory (--data); only master.key and keys are read
   * @param collection the collection "keys", of the driver or of Mongoose
   * @param master the master key, where the server gets it handed in
   */
  constructor(directory, collection, master) {
    this.#epochKeys = readEpochKeys(directory, master);
    this.#collection = collection;
  }

  /** The text of a message: a document with _id, sender, recipient and content, as the founding schema has them. */
  async read({ _id, sender, recipient, content }) {
    const bytes = Buffer.from(content, 'base64');
    if (bytes.length < 2 + ID + NONCE + TAG || bytes[0] !== VERSION[0] || bytes[1] !== AES_256_GCM) {
      throw new Error(`the content of message ${_id} is not in a format that this reader knows`);
    }
    const keyId = bytes.subarray(2, 2 + ID);
    const key = await this.#dataKey(_id.constructor, keyId);
    const text = open(key, bytes.subarray(2 + ID), [VERSION, keyId, idBytes(_id), idBytes(sender), idBytes(recipient)]);
    return text.toString('utf8');
  }

  async #dataKey(ObjectId, id) {
    const hex = id.toString('hex');
    const known = this.#dataKeys.get(hex);
    if (known) return known;
    const row = await this.#collection.findOne({ _id: new ObjectId(hex) });
    if (!row) throw new Error(`the collection "keys" has no key ${hex}: its conversation was erased`);
    const key = this.#unwrap(id, row);
    if (this.#dataKeys.size >= MAX_KEYS) this.#dataKeys.delete(this.#dataKeys.keys().next().value);
    this.#dataKeys.set(hex, key);
    return key;
  }

  #unwrap(id, { conversation, wrapped }) {
    const bytes = Buffer.from(wrapped instanceof Uint8Array ? wrapped : wrapped.value());
    if (bytes.length !== 1 + ID + NONCE + KEY + TAG || bytes[0] !== VERSION[0]) throw new Error(`key ${id.toString('hex')} is not in a known format`);
    const epoch = bytes.toString('hex', 1, 1 + ID);
    const epochKey = this.#epochKeys.get(epoch);
    if (!epochKey) throw new Error(`the file "keys" has no epoch key ${epoch}: it is of another server, or the key was removed`);
    const pair = Buffer.from(conversation, 'hex'); // both users, the lower first
    return open(epochKey, bytes.subarray(1 + ID), [VERSION, Buffer.from('data key'), id, pair]);
  }
}
