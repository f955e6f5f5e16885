"""An app's pages, forms and jobs are its own; what others may touch are its models and noun modules."""

import grimp

# The fictional clinic runs a job where the worker would; nothing else knows of it.
DRIVES_JOBS = "demo"
PRIVATE = {"views", "forms", "urls", "jobs", "consumers", "admin"}


def test_an_app_keeps_its_pages_and_jobs_to_itself():
    graph = grimp.build_graph("openiop", cache_dir=None)
    trespasses = [
        f"{importer} -> {module}"
        for module in graph.modules
        if len(parts := module.split(".")) >= 3 and parts[2] in PRIVATE
        for importer in graph.find_modules_that_directly_import(module)
        if importer.split(".")[1] != parts[1] and (importer.split(".")[1], parts[2]) != (DRIVES_JOBS, "jobs")
    ]

    assert len(graph.modules) > 100
    assert trespasses == []
