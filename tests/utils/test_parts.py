"""Tables of the parts that a package exports, by the names that the parts declare."""

from abc import ABC, abstractmethod
from types import ModuleType

import pytest

from minidl.utils.parts import exported_parts, parts_by_estimator_name, parts_by_option


class Base(ABC):
    option_name = None
    estimator_name = None

    @abstractmethod
    def work(self): ...


class Leaky(Base):
    option_name = "leaky-one"

    def work(self): ...


class Renamed(Leaky):
    option_name = "gd"
    estimator_name = "sgd"


class Nameless(Leaky):
    pass


class NotExported(Leaky):
    option_name = "hidden"


@pytest.fixture
def package():
    module = ModuleType("package")
    vars(module).update(
        Base=Base, Renamed=Renamed, Leaky=Leaky, Nameless=Nameless, NotExported=NotExported, n=3
    )
    module.__all__ = ["Base", "Renamed", "Leaky", "Nameless", "n"]
    return module


def test_the_concrete_classes_in_all_are_the_parts(package):
    assert exported_parts(package, Base) == [Renamed, Leaky, Nameless]


def test_a_part_that_inherits_its_option_name_has_no_option(package):
    assert list(parts_by_option(package, Base).items()) == [("gd", Renamed), ("leaky-one", Leaky)]


def test_an_estimators_name_is_the_option_with_underscores_unless_declared(package):
    by_name = list(parts_by_estimator_name(package, Base).items())
    assert by_name == [("leaky_one", Leaky), ("sgd", Renamed)]
