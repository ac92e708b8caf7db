"""Whether a part of the stack is healthy: `healthy.py URL [PART]`, in a tenth of a second.

Imports nothing of Airflow: `airflow jobs check` takes longer than a health check may. The
api-server knows how the heart of every other part beats. A server that answers at all, unless with
an error of its own, is there; a part is healthy if the api-server says so.
"""

import json
import sys
import urllib.error
import urllib.request

TIMEOUT_S = 10


def main() -> int:
    """Return 0 if it is healthy, and say why not otherwise."""
    url, *part = sys.argv[1:]
    # Never through a proxy: these addresses are inside.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=TIMEOUT_S) as answer:
            said = answer.read()
    except urllib.error.HTTPError as error:
        said = b""
        if error.code >= 500:
            print(f"{url} answers with {error.code}")
            return 1
    except OSError as error:
        print(f"{url} does not answer: {error}")
        return 1
    wrong = [name for name in part if json.loads(said).get(name, {}).get("status") != "healthy"]
    if wrong:
        print(f"{wrong[0]} is not healthy: {said.decode(errors='replace')[:500]}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
