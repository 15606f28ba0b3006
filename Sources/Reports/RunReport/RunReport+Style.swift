extension RunReport {
  /// Narrow first, then wide; light and dark as the reader's system has it; on paper always light, and nothing is cut apart.
  package static let style = """
    :root {
      color-scheme: light dark;
      --paper: #ffffff; --ink: #1b1d21; --soft: #5a616b; --rule: #d9dce1; --panel: #f5f6f8; --warn: #fdf3ec; --flag: #c24e00;
      --all: #1b1d21; --head: #0072b2; --medium: #00805f; --tail: #c24e00; --heat: #0072b2;
    }
    @media screen and (prefers-color-scheme: dark) {
      :root {
        --paper: #14161a; --ink: #e6e8eb; --soft: #a0a7b1; --rule: #363b43; --panel: #1d2026; --warn: #2b211a; --flag: #d55e00;
        --all: #e6e8eb; --head: #56b4e9; --medium: #2dc59b; --tail: #f08a3c; --heat: #2b8fd0;
      }
    }
    * { box-sizing: border-box; }
    body {
      font: 16px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 62rem; margin: 0 auto;
      padding: 0.5rem 1rem 3rem; overflow-wrap: break-word;
    }
    h1 { font-size: 1.5rem; margin: 0.8rem 0 0.2rem; } h2 { font-size: 1.25rem; margin: 2.2rem 0 0.6rem; }
    h3 { font-size: 1rem; margin: 1.2rem 0 0.3rem; } p { margin: 0.4rem 0; }
    .soft, figcaption, .tile span { color: var(--soft); font-size: 0.875rem; }
    .state { font-size: 0.8rem; font-weight: 600; border: 1px solid currentColor; border-radius: 1rem; padding: 0.1rem 0.6rem; vertical-align: middle; }
    .finished { color: var(--medium); } .running { color: var(--head); } .interrupted { color: var(--tail); }
    .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(6.4rem, 1fr)); gap: 0.5rem; margin: 0.8rem 0; }
    .tile { background: var(--panel); border-top: 4px solid var(--rule); border-radius: 4px; padding: 0.4rem 0.6rem; }
    .tile b { display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; } .tile small { font-size: 0.9rem; font-weight: 400; }
    .all-tile { border-color: var(--all); } .head-tile { border-color: var(--head); }
    .medium-tile { border-color: var(--medium); } .tail-tile { border-color: var(--tail); }
    .notes { border-left: 4px solid var(--flag); padding: 0.4rem 0.8rem; background: var(--warn); } ul.notes { padding-left: 1.8rem; }
    .flag { background: var(--flag); color: #ffffff; border-radius: 3px; padding: 0 0.35rem; font-size: 0.8rem; white-space: nowrap; }
    li { margin: 0.15rem 0; } section > ul { padding-left: 1.2rem; }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; margin: 0.4rem 0; }
    th, td { padding: 0.25rem 0.6rem 0.25rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rule); }
    th { vertical-align: bottom; border-bottom: 2px solid var(--soft); } .number { text-align: right; padding-left: 0.6rem; white-space: nowrap; }
    .word { max-width: 26rem; overflow-wrap: break-word; } th.number { white-space: normal; }
    .legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1rem; font-size: 0.875rem; }
    .key { display: inline-block; width: 0.8rem; height: 0.8rem; border-radius: 2px; vertical-align: -0.05rem; background: currentColor; }
    .key.all { color: var(--all); } .key.head { color: var(--head); } .key.medium { color: var(--medium); } .key.tail { color: var(--tail); }
    .chart { display: block; width: 100%; max-width: 40rem; height: auto; font-family: system-ui, sans-serif; }
    .chart.matrix { max-width: none; }
    .chart text { fill: var(--ink); } .chart .heading { font-weight: 600; paint-order: stroke; stroke: var(--paper); stroke-width: 4px; }
    .chart .head-text { fill: var(--head); } .chart .medium-text { fill: var(--medium); } .chart .tail-text { fill: var(--tail); }
    .chart text.on { fill: #ffffff; }
    .grid { stroke: var(--rule); stroke-width: 1; } .axis { stroke: var(--soft); stroke-width: 1; }
    .curve { fill: none; stroke-width: 2; stroke-linejoin: round; }
    .curve.all { stroke: var(--all); } .curve.head { stroke: var(--head); stroke-dasharray: 7 3; }
    .curve.medium { stroke: var(--medium); stroke-dasharray: 2 3; } .curve.tail { stroke: var(--tail); stroke-dasharray: 9 3 2 3; }
    .band { fill: var(--soft); fill-opacity: 0.25; }
    .mark.all { fill: var(--all); } .mark.head, .bar.head { fill: var(--head); } .mark.medium, .bar.medium { fill: var(--medium); }
    .mark.tail, .bar.tail { fill: var(--tail); }
    .heat { fill: var(--heat); }
    .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1rem; }
    .example { margin: 0.8rem 0 1.2rem; break-inside: avoid; }
    .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 14rem), 1fr)); gap: 0.5rem; max-width: 62rem; }
    figure { margin: 0; } figure img { width: 100%; display: block; image-rendering: pixelated; border-radius: 2px; }
    details { margin: 0.6rem 0; } summary { cursor: pointer; font-size: 0.875rem; }
    pre { font-size: 0.75rem; overflow-x: auto; background: var(--panel); padding: 0.6rem; border-radius: 4px; }
    @page { margin: 14mm; }
    @media print {
      body { font-size: 9.5pt; max-width: none; padding: 0; }
      h2, h3, p.soft, p.legend { break-after: avoid; } tr, .chart, .tiles, .notes, figure { break-inside: avoid; }
      h2 { margin-top: 14pt; } table { font-size: 8pt; } .scroll, pre { overflow: visible; } pre { white-space: pre-wrap; }
      .charts { grid-template-columns: 1fr 1fr; } .figures { grid-template-columns: 1fr 1fr 1fr; }
      .tiles { grid-template-columns: repeat(6, 1fr); } .tile b { font-size: 14pt; }
      .chart { max-width: 120mm; } .chart.matrix { max-width: 100%; max-height: 240mm; }
      * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
    }
    """
}
