import type { IAspect } from 'cdktf';
import type { IConstruct } from 'constructs';

export type Tags = Readonly<Record<string, string>>;

/** Puts tags on everything that can carry them; a resource's own win. */
export class DefaultTags implements IAspect {
  readonly #tags: Tags;

  constructor(tags: Tags) {
    this.#tags = tags;
  }

  visit(node: IConstruct): void {
    if (isTaggable(node)) node.tags = { ...this.#tags, ...node.tagsInput };
  }
}

interface Taggable extends IConstruct {
  tags: Record<string, string>;
  readonly tagsInput?: Record<string, string>;
}

function isTaggable(node: IConstruct): node is Taggable {
  return 'tagsInput' in node;
}
