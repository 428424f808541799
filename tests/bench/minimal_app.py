"""The least web application of the same making: Flask and waitress, one page.

`python minimal_app.py PORT` serves it on the loopback address until it is ended.
"""

from __future__ import annotations

import sys

from flask import Flask
from waitress import serve

app = Flask(__name__)


@app.get("/")
def page() -> str:
    return '<main><button name="action" value="borrow">Borrow</button></main>'


if __name__ == "__main__":
    serve(app, host="127.0.0.1", port=int(sys.argv[1]))
