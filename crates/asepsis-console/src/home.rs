//! Who I am, what I may do, and why not.

use std::sync::Arc;

use crate::console::Rights;
use crate::form::Form;
use crate::html::Html;
use crate::page::{After, Page, PageError, Shown, Submitted, Visit};

pub(crate) struct Home {
    pub(crate) rights: Arc<dyn Rights>,
}

impl Page for Home {
    fn path(&self) -> &'static str {
        "/asepsis/"
    }

    fn title(&self) -> &'static str {
        "What I may do"
    }

    fn show<'a>(&'a self, visit: &'a Visit<'a>) -> Shown<'a> {
        Box::pin(async move {
            let who = visit.who;
            let mut html = Html::new().raw("<p>You are <strong>").text(&who.user).raw("</strong> in the role <strong>");
            html = html.text(&who.role).raw("</strong>, signed in by ").text(&who.method).raw(".</p>");
            html = html.raw("<p>");
            html = match (&visit.visitor.device, visit.visitor.managed_device) {
                (Some(device), _) => html.raw("This device is registered as ").text(device).raw("."),
                (None, Some(false)) => {
                    html.raw("This browser shows no registered device, so what follows is for one that is not.")
                }
                (None, _) => html.raw("Devices need not be registered here."),
            };
            html = match &visit.visitor.zone {
                None => html,
                Some(None) => html.raw(" You are in none of the network's zones."),
                Some(Some(zone)) => html.raw(" You are in the zone ").text(zone).raw("."),
            };
            html = html.raw("</p>");
            let rights = self.rights.of(visit.visitor);
            if rights.is_empty() {
                return Ok(html.raw("<p>There is no AI system yet. An administrator can add one.</p>"));
            }
            html = html
                .raw("<div class=\"scroll\"><table><caption>AI systems</caption><thead><tr><th scope=\"col\">System</th>")
                .raw("<th scope=\"col\">For you</th></tr></thead><tbody>");
            for right in rights {
                html = html.raw("<tr><th scope=\"row\">").text(&right.what).raw("</th><td");
                html = html.raw(if right.good { " class=\"good\">" } else { ">" }).text(&right.says).raw("</td></tr>");
            }
            Ok(html.raw("</tbody></table></div>"))
        })
    }

    fn submit<'a>(&'a self, _: &'a Visit<'a>, _: &'a Form) -> Submitted<'a> {
        Box::pin(std::future::ready(Err::<After, _>(PageError("This page takes no form.".to_owned()))))
    }
}
