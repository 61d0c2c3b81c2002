"""The reader of mesh.yaml: a policy, or every problem by line with its fix.

YAML is taken apart into nodes, which know their lines. The models are given plain data made of them
and answer with locations, which lead back to nodes.
"""

from typing import Final

import yaml
from pydantic import ValidationError

from topology.policy.models import Policy
from topology.policy.problems import WHOLE, Fault, Location, PolicyError, Problem, faults

_NULL: Final = "tag:yaml.org,2002:null"
# The input of the models. All scalars are text, since YAML's own types guess (``on`` is true, 1.10 is 1.1).
Data = str | None | list["Data"] | dict[str, "Data"]


def parse(text: str) -> Policy:
    """Return the policy a mesh.yaml holds. Raises PolicyError naming every problem in it."""
    try:
        root = _compose(text)
        if root is None:
            return Policy()
        found, data = _plain(root)
    except RecursionError:  # PyYAML composes with a call for each level, and so does _plain
        fix = "close the brackets, or remove what is nested: no key is deeper than five levels"
        raise PolicyError((Problem(1, WHOLE, "is nested too deeply", fix),)) from None
    policy = Policy()
    try:
        policy = Policy.model_validate(data)
    except ValidationError as error:
        found += [_problem(root, each) for each in faults(error)]
    if found:
        raise PolicyError(tuple(sorted(found, key=lambda problem: problem.line)))
    return policy


def _compose(text: str) -> yaml.Node | None:
    try:
        root: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        message = f"this is not YAML: {error.problem or error}"
        fix = "check indentation, colons and brackets on this line and the one above"
        raise PolicyError((Problem(line, WHOLE, message, fix),)) from None
    except yaml.YAMLError:
        fix = "save it as UTF-8 text without control characters"
        raise PolicyError((Problem(1, WHOLE, "this is not text", fix),)) from None
    return root


def _plain(root: yaml.Node) -> tuple[list[Problem], Data]:
    """Return a document as plain data, and the problems of keys, which plain data cannot show."""
    problems: list[Problem] = []
    # An alias is its anchor's node once more, even within that node itself: each node is turned once.
    turned: dict[int, Data] = {}

    def turn(node: yaml.Node, location: Location) -> Data:
        if id(node) in turned:
            return turned[id(node)]
        if isinstance(node, yaml.ScalarNode):
            return None if node.tag == _NULL else str(node.value)
        if isinstance(node, yaml.SequenceNode):
            items: list[Data] = []
            turned[id(node)] = items
            items += [turn(item, (*location, index)) for index, item in enumerate(node.value)]
            return items
        mapping: dict[str, Data] = {}
        turned[id(node)] = mapping
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                fault = Fault(location, "has a key that is not text", "write 'key: value'")
            elif key.value in mapping:
                fault = Fault((*location, key.value), "is there twice", "keep one of the two")
            else:
                mapping[key.value] = turn(value, (*location, key.value))
                continue
            problems.append(Problem(_line(key), fault.key, fault.message, fault.fix))
        return mapping

    return problems, turn(root, ())


def _problem(root: yaml.Node, fault: Fault) -> Problem:
    key, value = root, root
    for step in fault.location:
        key, value = _child(value, step)
    return Problem(_line(key if fault.at_key else value), fault.key, fault.message, fault.fix)


def _child(node: yaml.Node, step: str | int) -> tuple[yaml.Node, yaml.Node]:
    """Return the nodes of a key and its value; those of an item of a list are one."""
    if isinstance(step, int):
        return node.value[step], node.value[step]
    # The first of two equal keys is the one that was read.
    return next((key, value) for key, value in node.value if key.value == step)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
