"""What a facility has of a product; of a kit, what the components that lie there make."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import floor

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class KitEdge:
    """What a kit holds at this moment: so many of a product, which may be a kit itself."""

    kit_id: str
    component_id: str
    quantity: Decimal
    component_is_kit: bool


@dataclass(frozen=True, slots=True)
class ComponentPart:
    """What a component of a kit makes at one facility.

    Attributes:
        product_id: The component: what has stock of its own, through kits within kits.
        quantity: How many of it one kit takes, in all.
        quantity_on_hand: Units there.
        available_to_promise: Units there that nobody has reserved; None if nothing of it was ever posted there, or if
            it is a kit without components.
        is_bottleneck: Whether no component makes fewer kits.
    """

    product_id: str
    quantity: Fraction
    quantity_on_hand: Decimal
    available_to_promise: Decimal | None
    is_bottleneck: bool = False

    @property
    def makes(self) -> int:
        """For how many kits it is enough; below nothing where more is reserved than there is."""
        if self.available_to_promise is None:
            return 0
        return floor(Fraction(self.available_to_promise) / self.quantity)


@dataclass(frozen=True, slots=True)
class Stock:
    """What a facility has of a product. Of a kit, what its components make there.

    Attributes:
        quantity_on_hand: Units there.
        available_to_promise: Units there that nobody has reserved.
        is_known: Whether anything of it was ever posted there.
        components: Of a kit, its components there.
    """

    quantity_on_hand: Decimal
    available_to_promise: Decimal
    is_known: bool
    components: tuple[ComponentPart, ...] = ()


def plain(product_id: str, found: Mapping[str, tuple[Decimal, Decimal]]) -> Stock:
    """What a facility has of a product that is no kit.

    Args:
        product_id: The product.
        found: Quantity on hand and ATP at the facility, by product; what was never posted there is missing.
    """
    on_hand, available = found.get(product_id, (NOTHING, NOTHING))
    return Stock(on_hand, available, product_id in found)


def of_kit(kit_id: str, edges: Iterable[KitEdge], found: Mapping[str, tuple[Decimal, Decimal]]) -> Stock:
    """What a facility can make of a kit: what its scarcest component is enough for.

    Args:
        kit_id: The kit.
        edges: What it and the kits within it hold.
        found: Quantity on hand and ATP at the facility, by product; what was never posted there is missing.
    """
    parts = _Parts(edges)
    parts.add(kit_id, Fraction(1), ())
    components = [
        ComponentPart(part, quantity, *((NOTHING, None) if part in parts.empty else found.get(part, (NOTHING, None))))
        for part, quantity in parts.quantities.items()
    ]
    fewest = min(part.makes for part in components)
    return Stock(
        Decimal(min(floor(Fraction(part.quantity_on_hand) / part.quantity) for part in components)),
        Decimal(fewest),
        any(part.available_to_promise is not None for part in components),
        tuple(replace(part, is_bottleneck=part.makes == fewest) for part in components),
    )


class _Parts:
    """What a kit consists of in the end, and which of that is a kit of which nothing can be made."""

    def __init__(self, edges: Iterable[KitEdge]) -> None:
        self._holds: dict[str, list[KitEdge]] = {}
        for edge in edges:
            self._holds.setdefault(edge.kit_id, []).append(edge)
        self.quantities: dict[str, Fraction] = {}
        self.empty: set[str] = set()

    def add(self, product_id: str, quantity: Fraction, way: tuple[str, ...], *, is_kit: bool = True) -> None:
        """Add so many of a product; `way` are the kits through which it comes."""
        if is_kit and product_id in self._holds and product_id not in way:
            for edge in self._holds[product_id]:
                taken = quantity * Fraction(edge.quantity)
                self.add(edge.component_id, taken, (*way, product_id), is_kit=edge.component_is_kit)
            return
        self.quantities[product_id] = self.quantities.get(product_id, Fraction(0)) + quantity
        if is_kit:
            self.empty.add(product_id)
