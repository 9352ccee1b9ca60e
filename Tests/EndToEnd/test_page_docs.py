"""/docs: the description of the API as people read it."""


def test_an_operation_is_found_opened_and_linked(page, service):
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(service.url + "/docs")
    page.get_by_text("/api/uploads/init", exact=True).wait_for()
    page.keyboard.press("/")
    page.keyboard.type("revoke link")
    page.get_by_text("1 operation", exact=True).wait_for()
    assert page.locator(".operation:visible").count() == 1
    page.locator(".operation:visible summary").focus()
    page.keyboard.press("Enter")
    page.get_by_text("It ends at once, also for those who are watching.").wait_for()
    assert page.url.endswith("/docs#revokeShare")
    assert errors == []


def test_every_operation_can_be_drawn(page, service):
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(service.url + "/docs")
    page.locator(".operation").first.wait_for()
    page.evaluate("document.querySelectorAll('.operation').forEach((operation) => { operation.open = true; })")
    page.wait_for_function("[...document.querySelectorAll('.inside')].every((inside) => inside.childElementCount > 2)")
    assert errors == []


def test_a_link_opens_its_operation_with_a_request_to_copy(page, service):
    page.goto(service.url + "/docs#login")
    request = page.get_by_role("region", name="The request with curl")
    request.wait_for()
    text = request.inner_text()
    assert f"curl -X POST '{service.url}/api/auth/login'" in text
    assert "-H 'Content-Type: application/json'" in text and '"email":"user@example.com"' in text
