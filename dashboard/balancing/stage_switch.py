"""The switch of a service's stage: choose, read what it means, confirm. Turning back is the same."""

from typing import Any

from dash import Dash, Input, Output, State, ctx, dcc, html, no_update
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard.api.client import Client
from dashboard.components import parts
from dashboard.components.clientside import in_browser
from dashboard.components.error_boundary import Problem, guarded
from proxy.contract.api.decisions import StageView
from proxy.contract.model import Stage

_STAGES = tuple(Stage)


def layout(stage: StageView | None) -> Component:
    """Return the form, set to the present stage, with the dialog that confirms a change."""
    return html.Div(
        [_form(stage), _dialog(), html.Div(id="stage-result", role="status")], className="stage-switch"
    )


def _form(stage: StageView | None) -> Component:
    present = stage["stage"] if stage else None
    buttons = [html.Button(each, id=f"stage-{each}", **parts.pressed(present == each)) for each in _STAGES]
    share = dcc.Input(
        id="stage-percent",
        type="number",
        min=0,
        max=100,
        step=1,
        debounce=False,
        # Other stages have 0 %, which would be a strange offer for stage route.
        value=stage["percent"] or 100 if stage else 100,
    )
    return html.Div(
        [
            dcc.Store(id="stage-chosen", data=present),
            dcc.Store(id="stage-asked"),
            html.Div(buttons, id="stage", className="segments"),
            html.Label([share, html.Span("% of requests")], id="stage-share", className=_share(present)),
            html.Button("Change…", id="stage-ask", className="button primary"),
        ],
        className="stage-form",
        role="group",
        **parts.label("Stage"),
    )


def _dialog() -> Component:
    by = dcc.Input(
        id="stage-by",
        type="text",
        maxLength=200,
        persistence=True,
        placeholder="optional",
        autoComplete="name",
    )
    return html.Div(
        [
            html.P(id="stage-question"),
            html.Label([html.Span("Your name, for the history"), by], className="share"),
            html.Button("Confirm", id="stage-confirm", className="button primary"),
            html.Button("Cancel", id="stage-cancel", className="button"),
        ],
        id="stage-dialog",
        className="confirm",
        hidden=True,
        role="alertdialog",
        **parts.labelled_by("stage-question"),
    )


def _share(stage: str | None) -> str:
    # The field has a meaning in stage route only.
    return "share" if stage == Stage.ROUTE else "share off"


def question(service: str, stage: str, percent: int) -> str:
    """Return what a change means, as the question to confirm."""
    if stage == Stage.ROUTE:
        rest = f" The other {100 - percent} % go as before, as a control group." if percent < 100 else ""
        return f"Let the mesh choose the endpoint for {percent} % of the requests to {service}?{rest}"
    if stage == Stage.ADVISE:
        return f"Send requests to {service} where applications ask, and show what the mesh would have done?"
    return f"Send all requests to {service} where applications ask? Routing stops at once."


def _refused(what: Problem) -> tuple[Any, ...]:
    # The dialog closes: a second "Confirm" would repeat what was just refused.
    return True, no_update, parts.problem(what)


def register(app: Dash, client: Client) -> None:
    """Register the callbacks: ask for confirmation, then PUT the stage."""
    in_browser(
        app,
        "question",
        Output("stage-asked", "data"),
        Input("stage-dialog", "hidden"),
        prevent_initial_call=True,
    )

    @app.callback(
        Output("stage-chosen", "data"),
        Output("stage-share", "className"),
        *(Output(f"stage-{each}", "aria-pressed") for each in _STAGES),
        *(Input(f"stage-{each}", "n_clicks") for each in _STAGES),
        prevent_initial_call=True,
    )
    def choose(*clicks: int | None) -> tuple[str, ...]:
        if not any(clicks):
            raise PreventUpdate  # the form was drawn anew, which fires without a click
        chosen = str(ctx.triggered_id).removeprefix("stage-")
        return (chosen, _share(chosen), *(str(each == chosen).lower() for each in _STAGES))

    @app.callback(
        Output("stage-dialog", "hidden"),
        Output("stage-question", "children"),
        Output("stage-result", "children"),
        Input("stage-ask", "n_clicks"),
        Input("stage-cancel", "n_clicks"),
        Input("stage-confirm", "n_clicks"),
        State("stage-chosen", "data"),
        State("stage-percent", "value"),
        State("destination-name", "data"),
        State("stage-by", "value"),
        prevent_initial_call=True,
    )
    @guarded(_refused)
    def change(
        _: Any, __: Any, ___: Any, stage: str | None, percent: float | None, service: str, by: str | None
    ) -> tuple[Any, ...]:
        # Nothing is checked when the reader gives up.
        if ctx.triggered_id == "stage-cancel":
            return True, no_update, None
        if stage not in _STAGES:
            return True, no_update, parts.empty("Choose a stage first.")
        # The browser gives None for an invalid number.
        if stage == Stage.ROUTE and (percent is None or percent != int(percent)):
            return True, no_update, parts.empty("Write the share as a whole number from 0 to 100.")
        # In other stages the field is hidden and may hold anything.
        share = int(percent or 0) if stage == Stage.ROUTE else 0
        # Only a question so far; "Confirm" comes here again with the same values and goes on below.
        if ctx.triggered_id == "stage-ask":
            return False, question(service, stage, share), None
        now = client.set_stage(service, stage, share, (by or "").strip())
        done = f"{now['stage']} {now['percent']} %" if now["stage"] == Stage.ROUTE else now["stage"]
        return True, no_update, html.P(f"Done: {service} is in stage {done}.", className="done")
