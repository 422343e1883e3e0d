"""Host names of virtual services in Envoy."""

from mesh.graph.domains import domains_of


def test_a_service_is_known_by_its_name_and_by_its_name_with_the_port() -> None:
    assert domains_of([("cart.local", 80)]) == {"cart.local": ("cart.local", "cart.local:80")}


def test_of_two_names_that_differ_in_case_the_first_has_the_host() -> None:
    domains = domains_of([("cart", 80), ("Cart", 80)])
    assert domains == {"Cart": ("Cart", "Cart:80"), "cart": ()}


def test_a_name_with_a_port_goes_before_a_port_of_a_name() -> None:
    domains = domains_of([("a", 80), ("a:80", 80)])
    assert domains == {"a": ("a",), "a:80": ("a:80", "a:80:80")}


def test_a_wildcard_takes_no_host() -> None:
    assert domains_of([("*", 80), ("*.local", 80), ("cart.*", 80)]) == {
        "*": (),
        "*.local": (),
        "cart.*": (),
    }
