"""Static files under names that change with their content, ES modules included."""

import re

from django.core.files.base import ContentFile, File
from whitenoise.storage import CompressedManifestStaticFilesStorage

# Lines that hold nothing but a comment. What stands after code stays: telling it from a string takes a parser.
COMMENTS = re.compile(r"^[ \t]*(?:/\*(?:[^*]|\*(?!/))*\*/|//[^\n]*)[ \t]*\n", re.MULTILINE)


def light(text: str) -> str:
    """A module or a style sheet without its comment lines and indentation, about half as heavy when compressed."""
    return re.sub(r"^[ \t]+|^\n", "", COMMENTS.sub("", text), flags=re.MULTILINE)


class ModuleStorage(CompressedManifestStaticFilesStorage):
    """Hashed names, compressed copies, and `import "./x.js";` rewritten to the hashed name of x.

    Browsers may then keep every file for ever: a page of a new release names new files only.
    """

    # Django leaves imports alone by default: modules would be asked for under their plain names, and kept too long.
    support_js_module_import_aggregation = True
    # A name is known once all that the file imports is named: a pass for each step of the longest way through imports.
    max_post_process_passes = 30

    def _save(self, name: str, content: "File[bytes]") -> str:
        # Only what is ours: we write no text over several lines, of which `light` would take the indentation.
        if name.startswith("ticker/") and name.endswith((".js", ".css")):
            content.seek(0)  # whoever hashed it has read it to its end
            content = ContentFile(light(content.read().decode()).encode())
        saved: str = super()._save(name, content)
        return saved
