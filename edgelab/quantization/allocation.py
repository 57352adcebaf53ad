"""How bits are shared out over layers."""


def allocate(
    damage: dict[str, dict[int, float]], size: dict[str, dict[int, int]], budget_bytes: float
) -> dict[str, int]:
    """The bits for each layer that fit a budget in all and do the least damage, summed over layers.

    Exact: layer by layer, only those beginnings of a plan are kept that no other beats in both bytes and damage. But
    damages add up only nearly: measure the whole plan afterwards.

    Args:
        damage: for each layer and number of bits what rounding this layer alone does, such as its divergence.
        size: for each layer and number of bits its bytes.

    Raises:
        ValueError: even the fewest bits do not fit.
    """
    least = sum(min(of.values()) for of in size.values())
    if least > budget_bytes:
        raise ValueError(f"expected room for at least {least:,} bytes, found a budget of {budget_bytes:,}")
    beginnings: list[tuple[int, float, dict[str, int]]] = [(0, 0.0, {})]
    for layer, of in damage.items():
        longer = [
            (taken + size[layer][bits], harm + more, plan | {layer: bits})
            for taken, harm, plan in beginnings
            for bits, more in of.items()
            if taken + size[layer][bits] <= budget_bytes
        ]
        beginnings = []
        for candidate in sorted(longer, key=lambda c: c[:2]):
            if not beginnings or candidate[1] < beginnings[-1][1]:
                beginnings.append(candidate)
    return beginnings[-1][2]
