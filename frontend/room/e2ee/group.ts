/** One room's MLS group (RFC 9420, through ts-mls) as this person holds it. No network, no clock. */

import {
  acceptAll,
  createCommit,
  createGroup,
  decodeMlsMessage,
  defaultCapabilities,
  defaultAuthenticationService,
  defaultKeyPackageEqualityConfig,
  defaultKeyRetentionConfig,
  defaultLifetime,
  defaultLifetimeConfig,
  defaultPaddingConfig,
  emptyPskIndex,
  encodeMlsMessage,
  generateKeyPackageWithKey,
  joinGroup,
  mlsExporter,
  processPublicMessage,
} from "ts-mls";
import type { CiphersuiteImpl, ClientConfig, ClientState, KeyPackage, MLSMessage, PrivateKeyPackage, Proposal } from "ts-mls";
import { base64Of, bigEndian, bytesOf, joined, same, utf8 } from "./bytes.ts";
import type { Bytes } from "./bytes.ts";
import { SUITE_NAME, suiteFor } from "./identity.ts";
import type { Identity } from "./identity.ts";
import type { Entry } from "./roster.ts";

const EXPORT_LABEL = "OpenIOP SFrame 1";
const BASE_BYTES = 16;
/** ts-mls wants bytes where the private signature key would be; ours cannot be read, so there are none. */
const NO_KEY = new Uint8Array();

export type Member = Entry & { readonly leaf: number };
export type Package = { readonly publicPackage: KeyPackage; readonly privatePackage: PrivateKeyPackage; readonly text: string };
export type Made = { readonly next: Group; readonly commit: string; readonly welcome: string | null };

/** What somebody sent is not what it claims to be. */
export class Refused extends Error {}

/** A key package for one connection: how others can bring this person in, once. */
export async function newPackage(identity: Identity): Promise<Package> {
  const made = await generateKeyPackageWithKey(
    { credentialType: "basic", identity: utf8(identity.seat) },
    { ...defaultCapabilities(), ciphersuites: [SUITE_NAME] },
    defaultLifetime,
    [],
    { signKey: NO_KEY, publicKey: identity.publicKey },
    await suiteFor(identity),
  );
  const text = base64Of(
    encodeMlsMessage({ version: "mls10", wireformat: "mls_key_package", keyPackage: made.publicPackage }),
  );
  return { ...made, text };
}

export class Group {
  private constructor(
    private readonly state: ClientState,
    private readonly cs: CiphersuiteImpl,
  ) {}

  /** A group of one. Its id names the room, so that a welcome to another room is noticed. */
  static async found(room: string, mine: Package, identity: Identity): Promise<Group> {
    const cs = await suiteFor(identity);
    const id = joined(utf8(room), crypto.getRandomValues(new Uint8Array(16)));
    return new Group(await createGroup(id, mine.publicPackage, mine.privatePackage, [], cs, CONFIG), cs);
  }

  /** Raises Refused when the welcome is for another room or not for this package. */
  static async join(room: string, welcome: string, mine: Package, identity: Identity): Promise<Group> {
    const cs = await suiteFor(identity);
    const message = decoded(welcome);
    if (message.wireformat !== "mls_welcome") throw new Refused("no welcome");
    const state = await joinGroup(
      message.welcome, mine.publicPackage, mine.privatePackage, emptyPskIndex, cs, undefined, undefined, CONFIG,
    ).catch((error: unknown) => {
      throw new Refused(String(error));
    });
    const id = state.groupContext.groupId;
    if (!same(id.subarray(0, id.length - 16), utf8(room))) throw new Refused("another room's");
    return new Group(state, cs);
  }

  get leaf(): number {
    return this.state.privatePath.leafIndex;
  }

  members(): Member[] {
    const found: Member[] = [];
    this.state.ratchetTree.forEach((node, at) => {
      if (node?.nodeType !== "leaf" || node.leaf.credential.credentialType !== "basic") return;
      const seat = new TextDecoder().decode(node.leaf.credential.identity);
      found.push({ seat, key: base64Of(node.leaf.signaturePublicKey), leaf: at / 2 });
    });
    return found;
  }

  /** Put out and bring in, in one step. The group as it will be; what it is stays until the server took the commit. */
  async change(remove: readonly number[], add: readonly string[]): Promise<Made> {
    const proposals: Proposal[] = [
      ...remove.map((removed): Proposal => ({ proposalType: "remove", remove: { removed } })),
      ...add.map((text): Proposal => ({ proposalType: "add", add: { keyPackage: packageOf(text) } })),
    ];
    const made = await createCommit(
      { state: this.state, cipherSuite: this.cs },
      { wireAsPublicMessage: true, extraProposals: proposals, ratchetTreeExtension: true },
    );
    const welcome = made.welcome && encodeMlsMessage({ version: "mls10", wireformat: "mls_welcome", welcome: made.welcome });
    return {
      next: new Group(made.newState, this.cs),
      commit: base64Of(encodeMlsMessage(made.commit)),
      welcome: welcome ? base64Of(welcome) : null,
    };
  }

  /** Return the group after somebody else's commit. Raises Refused when it does not fit, or puts me out. */
  async after(commit: string): Promise<Group> {
    const message = decoded(commit);
    if (message.wireformat !== "mls_public_message") throw new Refused("no commit");
    const { newState } = await processPublicMessage(
      this.state, message.publicMessage, emptyPskIndex, this.cs, acceptAll,
    ).catch((error: unknown) => {
      throw new Refused(String(error));
    });
    if (newState.groupActiveState.kind !== "active") throw new Refused("put out");
    if (newState.groupContext.epoch !== this.state.groupContext.epoch + 1n) throw new Refused("no new epoch");
    return new Group(newState, this.cs);
  }

  /** The secret from which each sender's frame key comes, by leaf: MLS-Exporter(label, leaf, 16). */
  async bases(): Promise<Map<number, Bytes>> {
    const bases = new Map<number, Bytes>();
    for (const { leaf } of this.members()) {
      const secret = this.state.keySchedule.exporterSecret;
      bases.set(leaf, (await mlsExporter(secret, EXPORT_LABEL, bigEndian(leaf, 4), BASE_BYTES, this.cs)) as Bytes);
    }
    return bases;
  }
}

/** Who may be a member is asked of the signed roster, in engine.ts, each time the group changes. */
const CONFIG: ClientConfig = {
  keyRetentionConfig: { ...defaultKeyRetentionConfig, retainKeysForEpochs: 0 },
  lifetimeConfig: defaultLifetimeConfig,
  keyPackageEqualityConfig: defaultKeyPackageEqualityConfig,
  paddingConfig: defaultPaddingConfig,
  authService: defaultAuthenticationService,
};

/** The seat and signature key that a package speaks for. Raises Refused. */
export function entryOf(text: string): Entry {
  const { credential, signaturePublicKey } = packageOf(text).leafNode;
  if (credential.credentialType !== "basic") throw new Refused("no basic credential");
  return { seat: new TextDecoder().decode(credential.identity), key: base64Of(signaturePublicKey) };
}

function packageOf(text: string): KeyPackage {
  const message = decoded(text);
  if (message.wireformat !== "mls_key_package") throw new Refused("no key package");
  return message.keyPackage;
}

function decoded(text: string): MLSMessage {
  let found: ReturnType<typeof decodeMlsMessage>;
  try {
    found = decodeMlsMessage(bytesOf(text), 0);
  } catch (error) {
    throw new Refused(String(error));
  }
  if (!found) throw new Refused("unreadable");
  return found[0];
}
