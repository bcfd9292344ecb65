// Asks for the room once more from a page of its own site, so that the browser sends the cookie; keeps the fragment.
location.replace("/?again" + location.hash);
