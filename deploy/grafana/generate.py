"""Writes the Grafana dashboards (dashboards/*.json) from their sources (source/*.toml), which are what people read and edit.

    python deploy/grafana/generate.py            # make schemas does it, too
    python deploy/grafana/generate.py --check    # exit code 1 when a dashboard is not as its source says

A panel is `title`, `says` (shown at its corner), `kind` (timeseries unless told otherwise, stat, bargauge), `unit` by
Grafana's names, `size` in columns of 24 and rows, `steps` (colours from these values on), `line` (a threshold drawn as a
line), and queries by the legend of their series.
"""

import json
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
DATASOURCE: Final = {"type": "prometheus", "uid": "prometheus"}  # datasources/prometheus.yml
_COLUMNS: Final = 24
_SIZE: Final = (8, 8)
_LEGEND: Final = {"displayMode": "list", "placement": "bottom", "showLegend": True}


def dashboard(source: dict[str, Any]) -> dict[str, Any]:
    """A dashboard as Grafana's file provisioning wants it."""
    return {
        "uid": source["uid"],
        "title": source["title"],
        "description": source["description"],
        "tags": ["lockgate"],
        "schemaVersion": 42,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "10s",
        "timezone": "browser",
        "fiscalYearStartMonth": 0,
        "time": {"from": "now-1h", "to": "now"},
        "timepicker": {},
        "links": [_to_the_others()],
        "annotations": {"list": []},
        "templating": {"list": [_variable(source["variable"])] if "variable" in source else []},
        "panels": _placed(source["row"]),
    }


def _to_the_others() -> dict[str, Any]:
    """Links to all dashboards with our tag, which keep the time that is looked at."""
    shown = {"title": "Lockgate", "type": "dashboards", "tags": ["lockgate"], "icon": "external link", "tooltip": ""}
    return {**shown, "asDropdown": False, "includeVars": False, "keepTime": True, "targetBlank": False, "url": ""}


def _variable(given: dict[str, Any]) -> dict[str, Any]:
    """A choice above the panels."""
    every = {"includeAll": True, "allValue": ".*", "current": {"selected": True, "text": ["All"], "value": ["$__all"]}}
    return {
        "name": given["name"],
        "label": given["label"],
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"qryType": 1, "query": given["query"], "refId": "PrometheusVariableQueryEditor-VariableQuery"},
        "refresh": 2,
        "regex": "",
        "sort": 1,
        "hide": 0,
        "options": [],
        "multi": given["multi"],
        **(every if given["multi"] else {"includeAll": False}),
    }


def _placed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The panels, row by row, from left to right."""
    placed: list[dict[str, Any]] = []
    top = 0
    for row in rows:
        place = {"h": 1, "w": _COLUMNS, "x": 0, "y": top}
        heading = {"type": "row", "title": row["title"], "collapsed": False, "gridPos": place, "panels": []}
        placed.append({"id": len(placed) + 1, **heading})
        top, left, height = top + 1, 0, 0
        for panel in row["panel"]:
            wide, high = panel.get("size", _SIZE)
            if left + wide > _COLUMNS:
                top, left, height = top + height, 0, 0
            where = {"h": high, "w": wide, "x": left, "y": top}
            placed.append({"id": len(placed) + 1, "gridPos": where, **_panel(panel)})
            left, height = left + wide, max(height, high)
        top += height
    return placed


def _panel(panel: dict[str, Any]) -> dict[str, Any]:
    kind = panel.get("kind", "timeseries")
    instant = kind != "timeseries"
    return {
        "type": kind,
        "title": panel["title"],
        "description": panel["says"],
        "datasource": DATASOURCE,
        "fieldConfig": {"defaults": {"unit": panel["unit"], "min": 0, **_look(kind, panel)}, "overrides": []},
        "options": _options(kind),
        "targets": [
            {
                "refId": chr(ord("A") + number),
                "datasource": DATASOURCE,
                "editorMode": "code",
                "expr": expression,
                "legendFormat": legend,
                "instant": instant,
                "range": not instant,
            }
            for number, (legend, expression) in enumerate(panel["query"].items())
        ],
    }


def _look(kind: str, panel: dict[str, Any]) -> dict[str, Any]:
    """Colours and lines."""
    if kind != "timeseries":
        steps = panel.get("steps", {"green": 0})
        return {"thresholds": {"mode": "absolute", "steps": _steps(steps)}, "color": {"mode": "thresholds"}}
    custom: dict[str, Any] = {
        "lineWidth": 1,
        "fillOpacity": 30 if panel.get("stacked") else 10,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"mode": "normal" if panel.get("stacked") else "none", "group": "A"},
    }
    if "line" not in panel:
        return {"custom": custom}
    custom["thresholdsStyle"] = {"mode": "dashed"}
    return {"custom": custom, "thresholds": {"mode": "absolute", "steps": _steps({"green": 0, "red": panel["line"]})}}


def _steps(steps: dict[str, float]) -> list[dict[str, Any]]:
    """Colours from their values on; the first one from minus infinity on, which Grafana writes as null."""
    return [{"color": color, "value": value if place else None} for place, (color, value) in enumerate(steps.items())]


def _options(kind: str) -> dict[str, Any]:
    latest = {"values": False, "calcs": ["lastNotNull"], "fields": ""}
    if kind == "stat":
        return {
            "reduceOptions": latest,
            "colorMode": "value",
            "graphMode": "none",
            "justifyMode": "auto",
            "textMode": "auto",
        }
    if kind == "bargauge":
        return {"reduceOptions": latest, "displayMode": "basic", "orientation": "horizontal", "showUnfilled": True}
    return {"legend": _LEGEND, "tooltip": {"mode": "multi", "sort": "desc"}}


def main() -> None:
    """Write every dashboard, or say which is not up to date."""
    stale = []
    for source in sorted((HERE / "source").glob("*.toml")):
        text = json.dumps(dashboard(tomllib.loads(source.read_text("utf-8"))), indent=1) + "\n"
        target = HERE / "dashboards" / f"{source.stem}.json"
        if "--check" not in sys.argv:
            target.write_text(text, "utf-8")
        elif not target.exists() or target.read_text("utf-8") != text:
            stale.append(target.name)
    if stale:
        sys.exit(f"not as their sources say: {', '.join(stale)}; run python deploy/grafana/generate.py")


if __name__ == "__main__":
    main()
