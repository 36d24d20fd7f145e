"""Each kind of change is found, in models that are made up.

    python -m unittest discover tests/model
"""

import copy
import json
import tempfile
import unittest
from pathlib import Path

import diff

MODEL = {
    "version": "2.0",
    "metadata": {"auth": ["aws.auth#sigv4"], "protocol": "query"},
    "operations": {
        "Ask": {
            "name": "Ask",
            "documentation": "<p>Asks.</p>",
            "input": {"shape": "AskRequest"},
            "output": {"shape": "AskResponse", "resultWrapper": "AskResult"},
            "errors": [{"shape": "NoException"}],
        },
        "Tell": {"name": "Tell", "output": {"shape": "TellResponse"}, "authtype": "none"},
    },
    "shapes": {
        "AskRequest": {
            "type": "structure",
            "required": ["Who"],
            "members": {"Who": {"shape": "nameType"}, "Tags": {"shape": "tagListType"}, "Mode": {"shape": "modeType"}},
        },
        "AskResponse": {"type": "structure", "members": {"Who": {"shape": "nameType"}, "Answers": {"shape": "mapType"}}},
        "NoException": {
            "type": "structure",
            "members": {"Why": {"shape": "nameType"}},
            "error": {"code": "No", "httpStatusCode": 400},
            "exception": True,
        },
        "Tag": {"type": "structure", "members": {"Key": {"shape": "nameType"}}},
        "TellResponse": {"type": "structure", "members": {"Told": {"shape": "nodeType"}}},
        "mapType": {"type": "map", "key": {"shape": "nameType"}, "value": {"shape": "countType"}},
        "modeType": {"type": "string", "enum": ["a", "b"]},
        "nameType": {"type": "string", "min": 2, "max": 64, "pattern": r"[\w]*"},
        "nodeType": {"type": "structure", "members": {"Next": {"shape": "nodeType"}}},
        "countType": {"type": "integer", "min": 0},
        "tagListType": {"type": "list", "member": {"shape": "Tag"}, "max": 50},
    },
}


class ModelDifferences(unittest.TestCase):
    def found(self, change, reverse=False):
        return self.found_in_model(lambda model: change(model["shapes"], model["operations"], model["metadata"]), reverse)

    def found_in_model(self, change, reverse=False):
        new = copy.deepcopy(MODEL)
        change(new)
        models = (new, MODEL) if reverse else (MODEL, new)
        return list(diff.model_differences(*models))

    def test_same_model_has_no_difference(self):
        self.assertEqual(self.found(lambda *_: None), [])

    def test_documentation_is_no_difference(self):
        self.assertEqual(self.found(lambda shapes, operations, _: operations["Ask"].update(documentation="x")), [])

    def test_operation_is_found_new_and_gone(self):
        def change(shapes, operations, _):
            shapes["NewRequest"] = {"type": "structure", "required": ["At"], "members": {"At": {"shape": "countType"}}}
            operations["New"] = {"name": "New", "input": {"shape": "NewRequest"}, "authtype": "none"}

        lines = ["operation: New (authtype none, input.type structure)", "parameter: New.At (type integer, min 0, required)"]
        self.assertEqual(self.found(change), [f"new {line}" for line in lines])
        self.assertEqual(self.found(change, reverse=True), [f"gone {line}" for line in lines])

    def test_member_is_found_new_and_gone(self):
        def change(shapes, *_):
            shapes["Tag"]["members"]["Value"] = {"shape": "countType"}
            shapes["AskResponse"]["members"]["Size"] = {"shape": "countType"}

        lines = ["parameter: Ask.Tags[].Value (type integer, min 0)", "reply member: Ask.Size (type integer, min 0)"]
        self.assertEqual(self.found(change), [f"new {line}" for line in lines])
        self.assertEqual(self.found(change, reverse=True), [f"gone {line}" for line in lines])

    def test_limit_is_found_for_all_members_of_the_shape(self):
        found = self.found(lambda shapes, *_: shapes["nameType"].update(max=256))
        self.assertEqual(
            found,
            [
                "changed parameter: max of Ask.Who, Ask.Tags[].Key: 64 -> 256",
                "changed reply member: max of Ask.Who, Ask.Answers{key}: 64 -> 256",
                "changed error member: max of No.Why: 64 -> 256",
            ],
        )

    def test_limit_of_a_list_is_found_new_and_gone(self):
        found = self.found(lambda shapes, *_: shapes["tagListType"].update(min=1))
        self.assertEqual(found, ["changed parameter: min of Ask.Tags: absent -> 1"])
        found = self.found(lambda shapes, *_: shapes["tagListType"].pop("max"))
        self.assertEqual(found, ["changed parameter: max of Ask.Tags: 50 -> absent"])

    def test_pattern_is_found(self):
        found = self.found(lambda shapes, *_: shapes["nameType"].update(pattern=r"[\w-]*"))
        self.assertEqual(found[0], r"changed parameter: pattern of Ask.Who, Ask.Tags[].Key: [\w]* -> [\w-]*")

    def test_enum_is_found(self):
        found = self.found(lambda shapes, *_: shapes["modeType"]["enum"].append("c"))
        self.assertEqual(found, ["changed parameter: enum of Ask.Mode: a, b -> a, b, c"])

    def test_deprecation_of_one_member_is_found(self):
        found = self.found(lambda shapes, *_: shapes["AskResponse"]["members"]["Who"].update(deprecated=True))
        self.assertEqual(found, ["changed reply member: deprecated of Ask.Who: absent -> true"])

    def test_sensitive_value_of_a_map_is_found(self):
        found = self.found(lambda shapes, *_: shapes["countType"].update(sensitive=True))
        self.assertEqual(found, ["changed reply member: sensitive of Ask.Answers{value}: absent -> true"])

    def test_member_that_becomes_required_is_found(self):
        found = self.found(lambda shapes, *_: shapes["AskRequest"]["required"].append("Mode"))
        self.assertEqual(found, ["changed parameter: required of Ask.Mode: absent -> true"])

    def test_type_is_found(self):
        found = self.found(lambda shapes, *_: shapes["modeType"].update(type="integer"))
        self.assertEqual(found, ["changed parameter: type of Ask.Mode: string -> integer"])

    def test_error_is_found_with_its_operation(self):
        def change(shapes, operations, _):
            shapes["LateException"] = {"type": "structure", "error": {"code": "Late", "httpStatusCode": 403}, "exception": True}
            operations["Ask"]["errors"].append({"shape": "LateException"})

        found = self.found(change)
        self.assertEqual(
            found,
            [
                "new error: Late (type structure, exception, code Late, httpStatusCode 403)",
                "new error of an operation: Ask: Late",
            ],
        )

    def test_status_of_an_error_is_found(self):
        found = self.found(lambda shapes, *_: shapes["NoException"]["error"].update(httpStatusCode=403))
        self.assertEqual(found, ["changed error: httpStatusCode of No: 400 -> 403"])

    def test_error_that_becomes_retryable_is_found(self):
        found = self.found(lambda shapes, *_: shapes["NoException"].update(retryable={"throttling": False}))
        self.assertEqual(found, ['changed error: retryable of No: absent -> {"throttling": false}'])

    def test_error_without_error_traits_is_found_by_its_operation(self):
        def change(shapes, operations, _):
            shapes["Bare"] = {"type": "structure", "members": {}}
            operations["Ask"]["errors"].append({"shape": "Bare"})

        self.assertEqual(self.found(change), ["new error: Bare (type structure)", "new error of an operation: Ask: Bare"])

    def test_error_member_is_found_new_and_gone(self):
        def change(shapes, *_):
            shapes["NoException"]["members"]["Until"] = {"shape": "countType"}

        line = "error member: No.Until (type integer, min 0)"
        self.assertEqual(self.found(change), [f"new {line}"])
        self.assertEqual(self.found(change, reverse=True), [f"gone {line}"])

    def test_error_member_that_changes_is_found(self):
        found = self.found(lambda shapes, *_: shapes["NoException"]["members"]["Why"].update(locationName="why"))
        self.assertEqual(found, ["changed error member: locationName of No.Why: absent -> why"])

    def test_fact_of_a_reference_to_an_error_is_found(self):
        found = self.found(lambda shapes, operations, _: operations["Ask"]["errors"][0].update(exception=True))
        self.assertEqual(found, ["changed error of an operation: exception of Ask: No: absent -> true"])

    def test_result_wrapper_is_found(self):
        found = self.found(lambda shapes, operations, _: operations["Ask"]["output"].update(resultWrapper="Answer"))
        self.assertEqual(found, ["changed operation: output.resultWrapper of Ask: AskResult -> Answer"])
        found = self.found(lambda shapes, operations, _: operations["Ask"]["output"].pop("resultWrapper"))
        self.assertEqual(found, ["changed operation: output.resultWrapper of Ask: AskResult -> absent"])

    def test_location_name_of_an_input_is_found(self):
        found = self.found(lambda shapes, operations, _: operations["Ask"]["input"].update(locationName="Question"))
        self.assertEqual(found, ["changed operation: input.locationName of Ask: absent -> Question"])

    def test_fact_of_a_top_shape_is_found(self):
        found = self.found(lambda shapes, *_: shapes["AskRequest"].update(sensitive=True))
        self.assertEqual(found, ["changed operation: input.sensitive of Ask: absent -> true"])
        found = self.found(lambda shapes, *_: shapes["AskResponse"].update(sensitive=True))
        self.assertEqual(found, ["changed operation: output.sensitive of Ask: absent -> true"])

    def test_input_without_members_is_found(self):
        def change(shapes, operations, _):
            shapes["TellRequest"] = {"type": "structure", "members": {}}
            operations["Tell"]["input"] = {"shape": "TellRequest"}

        self.assertEqual(self.found(change), ["changed operation: input.type of Tell: absent -> structure"])
        self.assertEqual(self.found(change, reverse=True), ["changed operation: input.type of Tell: structure -> absent"])

    def test_name_of_an_operation_is_found_unless_it_is_the_key(self):
        found = self.found(lambda shapes, operations, _: operations["Ask"].update(name="AskV2"))
        self.assertEqual(found, ["changed operation: name of Ask: absent -> AskV2"])
        self.assertEqual(self.found(lambda shapes, operations, _: operations["Ask"].pop("name")), [])

    def test_value_none_that_goes_is_found(self):
        found = self.found(lambda shapes, operations, _: operations["Tell"].pop("authtype"))
        self.assertEqual(found, ["changed operation: authtype of Tell: none -> absent"])

    def test_value_of_another_type_is_found(self):
        found = self.found(lambda shapes, *_: shapes["tagListType"].update(max="50"))
        self.assertEqual(found, ['changed parameter: max of Ask.Tags: 50 -> "50"'])

    def test_version_of_the_format_is_found(self):
        found = self.found_in_model(lambda model: model.update(version="3.0"))
        self.assertEqual(found, ["changed model.version: 2.0 -> 3.0"])

    def test_client_context_parameter_is_found(self):
        def change(model):
            model["clientContextParams"] = {"Mode": {"type": "string", "documentation": "x"}}

        line = 'model.clientContextParams: {"Mode": {"type": "string", "documentation": "x"}}'
        self.assertEqual(self.found_in_model(change), [f"new {line}"])
        self.assertEqual(self.found_in_model(change, reverse=True), [f"gone {line}"])

    def test_unknown_key_of_the_model_is_found(self):
        self.assertEqual(self.found_in_model(lambda model: model.update(added=[1])), ["new model.added: [1]"])

    def test_documentation_of_the_model_is_no_difference(self):
        self.assertEqual(self.found_in_model(lambda model: model.update(documentation="x")), [])

    def test_auth_scheme_of_the_service_is_found(self):
        found = self.found(lambda *model: model[2]["auth"].append("aws.auth#sigv4a"))
        self.assertEqual(found, ["changed service: auth of STS: aws.auth#sigv4 -> aws.auth#sigv4, aws.auth#sigv4a"])

    def test_auth_scheme_of_an_operation_is_found(self):
        found = self.found(lambda shapes, operations, _: operations["Ask"].update(auth=["smithy.api#noAuth"]))
        self.assertEqual(found, ["changed operation: auth of Ask: absent -> smithy.api#noAuth"])


class EndpointDifferences(unittest.TestCase):
    def found(self, old, new):
        return list(diff.tree_differences(old, new, "rules.json"))

    def test_rule_in_the_middle_is_one_difference(self):
        old = {"rules": [{"url": "a"}, {"url": "b"}]}
        new = {"rules": [{"url": "a"}, {"url": "x"}, {"url": "b"}]}
        self.assertEqual(self.found(old, new), ['new rules.json.rules[1]: {"url": "x"}'])
        self.assertEqual(self.found(new, old), ['gone rules.json.rules[1]: {"url": "x"}'])

    def test_change_is_found_by_path(self):
        old = {"rules": [{"endpoint": {"url": "a"}, "documentation": "x"}]}
        new = {"rules": [{"endpoint": {"url": "b"}, "documentation": "y"}]}
        self.assertEqual(self.found(old, new), ["changed rules.json.rules[0].endpoint.url: a -> b"])

    def test_region_is_found_by_its_partition(self):
        old = {"partitions": [{"id": "aws", "regions": {}}]}
        new = {"partitions": [{"id": "aws", "regions": {"eu-x-1": {}}}]}
        self.assertEqual(self.found(old, new), ["new rules.json.partitions[aws].regions.eu-x-1: {}"])

    def test_number_that_becomes_a_truth_value_is_found(self):
        self.assertEqual(self.found({"a": 1}, {"a": True}), ["changed rules.json.a: 1 -> true"])

    def test_long_value_is_cut(self):
        (line,) = self.found({"a": ""}, {"a": "x" * 1000})
        self.assertLess(len(line), 250)


class Folders(unittest.TestCase):
    def test_files_are_compared_and_missing_ones_told(self):
        with tempfile.TemporaryDirectory() as folder:
            old, new = Path(folder, "old"), Path(folder, "new")
            for root, name, value in [
                (old, "model/sts.json", MODEL),
                (new, "model/sts.json", {**MODEL, "metadata": {"protocol": "json"}}),
                (old, "endpoints/a.json", {"a": 1}),
                (new, "endpoints/a.json", {"a": 2}),
                (new, "endpoints/b.json", {}),
            ]:
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(json.dumps(value))
            self.assertEqual(
                list(diff.differences(old, new)),
                [
                    "changed service: protocol of STS: query -> json",
                    "changed service: auth of STS: aws.auth#sigv4 -> absent",
                    "changed endpoints/a.json.a: 1 -> 2",
                    "new file: endpoints/b.json",
                ],
            )
            self.assertEqual(list(diff.differences(new, new)), [])


if __name__ == "__main__":
    unittest.main()
