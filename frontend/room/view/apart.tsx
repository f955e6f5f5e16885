/** A fault in one pane costs that pane alone: faces, sound, the private signal and the way out stay. */

import { Component } from "react";
import type { ReactNode } from "react";
import type { Words } from "../words.ts";

type Props = { words: Words; children: ReactNode };

export class Apart extends Component<Props, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override render(): ReactNode {
    const { words, children } = this.props;
    if (!this.state.broken) return children;
    return (
      <p className="room-notice" data-notice="broken" role="status">
        <span>{words.pane_broken}</span>
        <button type="button" className="room-button small" onClick={() => this.setState({ broken: false })}>
          {words.pane_again}
        </button>
      </p>
    );
  }
}
