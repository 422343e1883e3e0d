"""What a client asks for of one type: some names, or everything. The same in both variants."""

from bisect import bisect_left

from xds.resources import ResourceSet, View


class Asked:
    """The names a client asks for, and whether it asks for everything."""

    __slots__ = ("names", "wildcard")

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        """Sorted, each once, without the wildcard."""
        self.wildcard = False

    def view(self, resources: ResourceSet) -> View:
        """Return those resources that the client asks for."""
        return resources.view(self.names, wildcard=self.wildcard)

    def covers(self, name: str) -> bool:
        """Whether the client asks for a resource of this name."""
        if self.wildcard:
            return True
        place = bisect_left(self.names, name)
        return place < len(self.names) and self.names[place] == name
