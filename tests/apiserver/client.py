"""A program with Python's kubernetes package: it finds its kubeconfig by itself."""

import sys
import threading

from kubernetes import client, config, watch

config.load_kube_config()
core = client.CoreV1Api()
namespace = sys.argv[1]

print("server", client.VersionApi().get_code().git_version)
try:
    core.read_namespaced_config_map("gone", namespace)
except client.ApiException as error:
    print("gone:", error.status, error.reason)

started = core.list_namespaced_config_map(namespace).metadata.resource_version
body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="from-python"), data={"colour": "green"})


def change():
    core.create_namespaced_config_map(namespace, body)
    core.patch_namespaced_config_map("from-python", namespace, {"data": {"colour": "yellow"}})
    core.delete_namespaced_config_map("from-python", namespace)


thread = threading.Thread(target=change)
thread.start()
events = watch.Watch()
for event in events.stream(
    core.list_namespaced_config_map, namespace, resource_version=started, timeout_seconds=30
):
    if event["object"].metadata.name == "from-python":
        print(event["type"].lower(), event["object"].data["colour"])
        if event["type"] == "DELETED":
            events.stop()
thread.join()
