"""Static files under names that change with their content, ES modules included."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleStorage(CompressedManifestStaticFilesStorage):
    """Hashed names, compressed copies, and `import "./x.js";` rewritten to the hashed name of x.

    Browsers may then keep every file for ever: a page of a new release names new files only.
    """

    # Django leaves imports alone by default: modules would be asked for under their plain names, and kept too long.
    support_js_module_import_aggregation = True
