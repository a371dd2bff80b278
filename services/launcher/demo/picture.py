"""A histogram in the terminal."""

from collections.abc import Sequence

from rich.text import Text

_EIGHTHS = " ▁▂▃▄▅▆▇█"


def histogram(
    edges: Sequence[float], counts: Sequence[int], *, mark: float = 0.0, rows: int = 6
) -> list[Text]:
    """A picture of a distribution, one character a bin, `rows` lines high; bins below `mark` are red.

    `edges` has one entry more than `counts`. The last line is the axis with the first edge, the mark where it
    lies inside, and the last edge.
    """
    tallest = max(counts, default=0) or 1
    lines = []
    for row in range(rows, 0, -1):
        line = Text("  ")
        for low, count in zip(edges, counts, strict=False):
            level = count / tallest * rows - (row - 1)
            character = _EIGHTHS[max(0, min(8, round(level * 8)))]
            line.append(character, style="red" if low < mark else "green")
        lines.append(line)
    lines.append(Text("  " + "─" * len(counts), style="dim"))
    left, right = millions(edges[0]), millions(edges[-1])
    lines.append(Text(f"  {left}{right:>{max(1, len(counts) - len(left))}}", style="dim"))
    return lines


def millions(amount: float) -> str:
    """An amount as people say it: 5.50 M, 318 k, 42."""
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if abs(amount) >= size:
            return f"{amount / size:,.2f}{unit}" if unit == " M" else f"{amount / size:,.0f}{unit}"
    return f"{amount:,.0f}"
