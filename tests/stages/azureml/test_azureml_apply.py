"""A deployment is applied to Azure Machine Learning by the Azure CLI, here an imitation of it: each object once, in the
order in which Azure needs them, and changed in its place."""

from __future__ import annotations

from stages.azureml.conftest import Azure

ENDPOINT = "small-dev-online"


def test_everything_is_made_in_order_and_a_second_apply_does_nothing(azure: Azure) -> None:
    azure.apply()
    assert azure.traffic() == {"version-1": 100}
    order = azure.changes
    for earlier, later in (
        ("environment create", "online-deployment create"),
        ("model create", "online-deployment create"),
        ("online-endpoint create", "online-deployment create"),
        ("online-deployment create", "online-endpoint update"),
    ):
        assert order.index(earlier) < order.index(later)
    assert sorted(order) == sorted(
        [
            *("environment create", "data create", "model create", "online-endpoint create"),
            *("online-deployment create", "online-endpoint update", "schedule create"),
        ]
    )
    assert "Nothing to do" in azure.rest() or "0 to add, 0 to change" in azure.rest()
    azure.forget_log()
    azure.apply()
    assert azure.changes == []


def test_a_new_version_takes_over_and_the_old_one_goes(azure: Azure) -> None:
    azure.apply()
    azure.another_version(2)
    azure.forget_log()
    azure.apply()
    assert azure.traffic() == {"version-2": 100}
    assert azure.names("online-deployment") == [f"{ENDPOINT}/version-2"]
    changes = azure.changes
    assert changes == [
        "model create",
        "online-deployment create",
        "online-endpoint update",
        "online-deployment delete",
    ]
    azure.rest()


def test_what_fails_for_a_moment_is_tried_again(azure: Azure) -> None:
    azure.fail(
        {"match": "environment show", "stderr": "(TooManyRequests) 429 slow down"},
        {"match": "model create", "stderr": "Connection aborted.", "times": 2},
        {"match": "online-endpoint create", "stderr": "(InternalServerError) 500", "done": True},
        {"match": "online-deployment create", "stderr": "(ServiceUnavailable) 503", "done": True},
        {"match": "online-endpoint update", "stderr": "(Conflict) another operation is running"},
    )
    azure.apply()
    assert azure.traffic() == {"version-1": 100}
    assert azure.changes.count("online-endpoint create") == 1  # it was there: it is not made twice
    azure.rest()


def test_what_stays_broken_is_told_and_the_next_apply_goes_on(azure: Azure) -> None:
    azure.fail({"match": "online-deployment create", "stderr": "(Forbidden) no quota for Standard_DS3_v2"})
    said = azure.apply(expect=1)
    assert "no quota for Standard_DS3_v2" in said
    assert "azure-refused" in said
    assert azure.traffic() == {}
    azure.forget_log()
    azure.apply()
    assert azure.changes == ["online-deployment create", "online-endpoint update"]
    azure.rest()


def test_one_that_does_not_come_up_gets_no_requests_and_is_made_anew(azure: Azure) -> None:
    azure.apply()
    azure.another_version(2)
    azure.fail({"match": "online-deployment create", "state": "Failed"})
    assert "ended as Failed" in azure.apply(expect=1)
    assert azure.traffic() == {"version-1": 100}
    azure.apply()
    assert azure.traffic() == {"version-2": 100}
    azure.rest()


def test_settings_are_changed_in_their_place(azure: Azure) -> None:
    azure.apply()
    azure.forget_log()
    azure.deploy("replicas: 3\nvariables: {LOG_LEVEL: info}\n")
    azure.apply()
    assert azure.changes == ["online-deployment update"]
    (one,) = (item for key, item in azure.items.items() if key.startswith("online-deployment/"))
    assert (one["instance_count"], one["environment_variables"]) == (3, {"LOG_LEVEL": "info"})
    azure.rest()


def test_a_schedule_is_changed_in_its_place_and_deleted_when_it_is_not_described(azure: Azure) -> None:
    azure.apply()
    target = azure.root / "target/azure.yaml"
    target.write_text(target.read_text().replace("30 3 * * 1", "0 5 * * *"))
    azure.forget_log()
    azure.apply()
    assert azure.changes == ["schedule create"]
    assert azure.names("schedule") == [ENDPOINT]
    assert azure.items[f"schedule/{ENDPOINT}"]["trigger"]["expression"] == "0 5 * * *"
    target.write_text(target.read_text().replace('  cron: "0 5 * * *"\n', ""))
    azure.apply()
    assert azure.names("schedule") == []
    azure.rest()


def test_destroy_takes_the_endpoint_and_the_schedule_and_leaves_versions(azure: Azure) -> None:
    azure.apply()
    code, said = azure.mlc("destroy", "--yes")
    assert code == 0, said
    assert azure.names("online-endpoint") == azure.names("online-deployment") == azure.names("schedule") == []
    assert azure.names("model") == ["small-dev-risk/1"]
    azure.apply()
    assert azure.traffic() == {"version-1": 100}


def test_batches_have_a_default_and_nothing_to_share(azure: Azure) -> None:
    target = azure.root / "target/azure.yaml"
    target.write_text(target.read_text() + "compute: cpu-cluster\n")
    azure.deploy("mode: batch\n", "nightly")
    azure.apply()
    endpoint = "small-dev-nightly"
    assert azure.items[f"batch-endpoint/{endpoint}"]["defaults"] == {"deployment_name": "version-1"}
    azure.another_version(2)
    azure.apply()
    assert azure.items[f"batch-endpoint/{endpoint}"]["defaults"] == {"deployment_name": "version-2"}
    assert azure.names("batch-deployment") == [f"{endpoint}/version-2"]
    azure.change(f"batch-endpoint/{endpoint}", defaults={"deployment_name": "by-hand"})
    code, said = azure.mlc("drift", "--detailed-exitcode")
    assert code == 2
    assert "the default (by-hand)" in said
    azure.apply()
    assert azure.items[f"batch-endpoint/{endpoint}"]["defaults"] == {"deployment_name": "version-2"}


def test_what_another_made_is_left_alone(azure: Azure) -> None:
    azure.home.mkdir(exist_ok=True)
    azure.items_write({f"online-endpoint/{ENDPOINT}": {"name": ENDPOINT, "tags": {}, "auth_mode": "key"}})
    said = azure.apply(expect=1)
    assert "did not make it" in said
    assert azure.items[f"online-endpoint/{ENDPOINT}"] == {"name": ENDPOINT, "tags": {}, "auth_mode": "key"}


def test_a_version_with_other_content_is_refused(azure: Azure) -> None:
    azure.items_write({"model/small-dev-risk/1": {"name": "small-dev-risk", "version": "1", "tags": {}}})
    said = azure.apply(expect=1)
    assert "has version 1 of the model small-dev-risk already" in said


def test_without_the_azure_cli_it_says_how_to_get_it(azure: Azure) -> None:
    (azure.home.parent / "bin" / "az").unlink()
    said = azure.apply(expect=1)
    assert "azure-unreachable" in said
    assert "The Azure CLI (`az`) is not on the PATH" in said
    assert "az extension add --name ml" in said


def test_without_a_login_or_the_extension_it_says_so(azure: Azure) -> None:
    azure.fail({"match": "environment show", "stderr": "Please run 'az login' to setup account.", "times": 9})
    assert "does not know who you are there" in azure.apply(expect=1)
    azure.fail(
        {
            "match": "environment show",
            "stderr": "'ml' is misspelled or not recognized by the system.",
            "times": 9,
        }
    )
    assert "az extension add --name ml" in azure.apply(expect=1)
    azure.fail()
    azure.apply()


def test_secrets_stay_references(azure: Azure) -> None:
    target = azure.root / "target/azure.yaml"
    target.write_text(target.read_text() + "key_vault: risk-secrets\n")
    azure.deploy("variables: {TOKEN: '${secret:API_TOKEN}'}\n")
    azure.apply()
    (one,) = (item for key, item in azure.items.items() if key.startswith("online-deployment/"))
    assert one["environment_variables"] == {
        "TOKEN": "${{keyvault:https://risk-secrets.vault.azure.net/secrets/API-TOKEN}}"
    }
    assert not any("API" in word for words in azure.log for word in words)
