"""Which feed a file was meant for that does not fit the one in whose folder it lay."""

from include.db.connection import Connection
from include.intake import data_manager, staging
from include.intake.errors import FileRefused
from include.intake.feed import Layout
from include.intake.feeds import SERVICES
from include.intake.staging import Header


def refusal(connection: Connection, layout: Layout, header: Header, delimiter: str, file_name: str) -> FileRefused:
    """Say that a file is of another kind than expected, and where it probably belongs.

    Args:
        connection: Trueup's database, with the feeds' folders.
        layout: What was expected.
        header: What was found.
        delimiter: What separates the header's fields.
        file_name: The file.
    """
    missing = ", no column ".join(layout.missing(header.columns))
    message = (
        f"{file_name}: line 1: not an {layout.title} file: no column {missing}; found {header.written}."
        f" Expected {layout.example}."
    )
    if folders := _likely_folders(connection, header, delimiter, file_name):
        return FileRefused(f"{message} It looks like a file of {' or '.join(folders)}: upload it there")
    return FileRefused(f"{message} Correct the export, or upload the file to the folder of its own feed")


def _likely_folders(connection: Connection, header: Header, delimiter: str, file_name: str) -> list[str]:
    line = delimiter.join(header.written).encode()
    fitting: dict[str, int] = {}
    for name, service in SERVICES.items():
        if service.csv is None:
            continue
        layout = service.csv.LAYOUT
        try:
            found = staging.match_header(line, delimiter, layout.columns, file_name)
        except FileRefused:
            continue
        if not layout.missing(found.columns):
            fitting[name] = sum(not column.startswith("extra_") for column in found.columns)
    best = [name for name, known in fitting.items() if known == max(fitting.values())]
    return [
        f"{config.config_id} ({config.import_path})"
        for config in data_manager.configs(connection)
        if config.import_service_name in best
    ]
