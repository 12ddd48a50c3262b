// Every text that the page chooses while it runs, by key: plain data, ready for translation. {names} are filled in.

export const MESSAGES = {
  outcome: {
    no_fracture_seen: {
      title: "No fracture seen",
      meaning: "The fracture probability is below {suspected}, where suspicion starts. A fracture can still be there.",
    },
    fracture_suspected: {
      title: "Fracture suspected",
      meaning: "The fracture probability has passed {suspected}, a point set to miss few fractures. Expect false alarms.",
    },
    fracture_likely: {
      title: "Fracture likely",
      meaning: "The fracture probability has passed {likely}, a point set to raise few false alarms.",
    },
    cannot_assess: {
      title: "This film cannot be assessed",
      meaning: "It failed a check, so no probabilities are shown: they would mean nothing.",
    },
  },

  severity: {
    hairline: "If there is a fracture, it is more likely hairline than displaced.",
    displaced: "If there is a fracture, it is more likely displaced than hairline.",
  },

  class: { normal: "normal", hairline: "hairline", displaced: "displaced" },

  notes: { reasons: "Why", remarks: "Keep in mind" },

  // What the reading remarks on, by the code of the reason; a code without a text here shows the server's own words.
  note: {
    several_frames: "The file holds several pictures; only the first was read.",
    transparency_filled: "Transparent parts of the picture were read as black.",
    several_views: "There seem to be several films on this sheet. The probabilities are for the whole sheet.",
    extreme_aspect: "The picture is a strip, far longer than wide, not a film of a joint.",
    low_contrast: "The picture is blank, or has too little contrast to show bone.",
    too_few_greys: "Almost all of the picture is pure black or pure white: too few greys to show bone.",
    colour_picture: "This is a colour picture, not a radiograph.",
    looks_negative: "The film looks like a negative: bone dark, air bright. Invert it and send it again.",
    unlike_training_films:
      "The picture is unlike every kind of film that the model has learnt from; what it would say of it means nothing.",
  },

  progress: {
    reading: "Reading the film…",
    reading_meaning: "The film is being sent and read.",
    uploading: "Sending the film: {share}",
    waiting: "The service is busy. Trying again in {seconds} s.",
    done: "{outcome}. Fracture probability {probability}.",
    done_without: "{outcome}.",
    cancelled: "Cancelled.",
    shown_class: "Heat map of {class}",
  },

  caption: {
    heat: "Film and heat map: {class}",
    heat_alt: "Heat map of the support for {class}",
    heat_loading: "Film and heat map",
  },

  fact: {
    film: "{kind}, {width} × {height} pixels",
    model: "{name} {version}, {digest}",
    time: "{total} ms (decode {decode}, infer {infer}, render {render})",
  },

  account: {
    signed_in: "You are signed in.",
    handed_over: "Your film is being read in the tab where you left it. This one can be closed.",
  },

  hint: {
    limit: ", up to {limit}",
    kept: "A film goes only to the server behind this page, which deletes it after {time}.",
    not_kept: "A film goes only to the server behind this page, which does not keep it.",
  },

  failure: { code: "Code for support: {code}" },

  // By the stable code of problem+json (fracturelens/errors.py): what went wrong, and what to do next.
  error: {
    // The film
    unreadable_film: {
      title: "The film could not be read",
      next: "Export it again as PNG, JPEG or DICOM, or try another film.",
    },
    empty_file: { title: "The file is empty", next: "Export or copy the film again, then send the new file." },
    file_too_large: {
      title: "The file is too large",
      next: "It has {size}; at most {limit} can be read. Export a smaller copy, for example as JPEG.",
    },
    too_many_pixels: {
      title: "The picture has too many pixels",
      next: "Nothing of it was decoded. Export a copy of at most 6,000 × 6,000 pixels.",
    },
    image_too_small: {
      title: "The picture is too small to be a film",
      next: "A thumbnail may have been chosen. Send the film in its full size.",
    },
    unsupported_format: {
      title: "This is not a film that can be read",
      next: "PNG, JPEG, TIFF, WebP and DICOM files can be read. Export the film in one of these formats.",
    },
    damaged_image: {
      title: "The file is damaged or incomplete",
      next: "The transfer may have been cut short. Export or copy the film again, then send the new file.",
    },
    animated_image: { title: "This is an animation, not a film", next: "Send one still picture." },
    dicom_without_pixels: {
      title: "This DICOM file holds no picture",
      next: "It may be a report or a directory. Choose the file of the film itself.",
    },
    unsupported_dicom: {
      title: "This DICOM file is packed in a way that cannot be read here",
      next: "Export the film uncompressed, or as PNG or JPEG.",
    },

    // The request: these mean that page and server do not fit together
    bad_request: {
      title: "The server did not understand this page",
      next: "Load the page again. If it happens again, tell whoever runs this server.",
    },
    missing_file: {
      title: "No film reached the server",
      next: "Choose the film again. If it happens again, load the page again.",
    },
    unsupported_media_type: {
      title: "The server did not accept the film in this form",
      next: "Load the page again. If it happens again, tell whoever runs this server.",
    },
    invalid_parameter: {
      title: "The server did not accept this page's request",
      next: "Load the page again. If it happens again, tell whoever runs this server.",
    },
    not_found: {
      title: "The server no longer has this film",
      next: "Films and readings are kept for a short time only. Send the film again.",
    },
    method_not_allowed: {
      title: "The server did not accept this page's request",
      next: "Load the page again. If it happens again, tell whoever runs this server.",
    },
    cross_origin: {
      title: "The server does not take films from this page's address",
      next: "Open the page at the server's own address, or ask whoever runs the server to allow this one.",
    },
    unknown_host: {
      title: "The server does not answer under this address",
      next: "Open the page at the server's own address, or ask whoever runs the server to allow this one.",
    },
    request_timeout: {
      title: "The film arrived too slowly",
      next: "The connection may have stalled. Try again, or send a smaller copy.",
    },

    deadline_exceeded: {
      title: "Reading the film took too long",
      next: "The service may just have started. Try again; if it happens again, send a smaller copy.",
    },
    answer_too_large: {
      title: "The reading is too large to be sent back",
      next: "Its heat maps do not fit into one answer. Send a copy of the film at half its size.",
    },

    // Who asks
    unauthenticated: {
      title: "You are not signed in",
      next: "A film that you have chosen stays on this page meanwhile, and is read once you have signed in.",
    },
    session_expired: {
      title: "Your session has ended",
      next: "Sign in again. A film that you have chosen stays on this page meanwhile, and is read then.",
    },
    sign_in_failed: {
      title: "Signing in did not succeed",
      next: "It was broken off, took too long, or was not begun on this page. Start it again here.",
    },
    not_permitted: {
      title: "Your account may not read films",
      next: "Ask whoever runs this service to add you to its clinicians, then sign out and in again.",
    },
    request_blocked: {
      title: "The server's firewall turned this request away",
      next: "Too many may have come from your network. Try again in five minutes, or tell whoever runs this server.",
    },

    // The storage that large films are sent to
    upload_refused: {
      title: "The storage did not accept the film",
      next: "It may have changed since you chose it. Choose it again; if that fails too, send a smaller copy.",
    },
    upload_expired: {
      title: "Sending the film took too long",
      next: "A film must be sent within a few minutes. Try again, over a faster connection or with a smaller copy.",
    },

    // The service
    busy: { title: "The service is busy", next: "Many films are waiting. Your film was not read: try again in a minute." },
    store_unavailable: {
      title: "The server cannot keep readings at the moment",
      next: "Its storage may be full. Try again later, or tell whoever runs this server.",
    },
    internal_error: {
      title: "Something went wrong on the server",
      next: "Try again. If it happens again with this film, tell whoever runs this server.",
    },
    bundle_unusable: {
      title: "The server cannot use its model",
      next: "No film can be read until this is repaired. Tell whoever runs this server.",
    },
    bundle_not_found: {
      title: "The server has no model",
      next: "No film can be read until this is repaired. Tell whoever runs this server.",
    },
    bundle_damaged: {
      title: "The server's model is damaged",
      next: "No film can be read until this is repaired. Tell whoever runs this server.",
    },
    bundle_too_new: {
      title: "The server is too old for its model",
      next: "No film can be read until it is updated. Tell whoever runs this server.",
    },

    // Seen by the page itself
    network_down: {
      title: "The server cannot be reached",
      next: "Check your connection, and that the server is running. Then try again; nothing is lost.",
    },
    no_answer: { title: "The server did not answer in time", next: "It may be overloaded. Try again in a minute." },
    unexpected_answer: {
      title: "The server gave an answer that this page does not understand",
      next: "Load the page again. If it happens again, tell whoever runs this server.",
    },
    file_unreadable: {
      title: "Your browser could not open the file",
      next: "It may have been moved, or it is a folder. Choose the film's file again.",
    },
    nothing_to_read: {
      title: "There was no film in that",
      next: "Drop or paste a picture file, or use “Choose a film”.",
    },
    film_not_shown: {
      title: "The film was read, but its picture could not be loaded",
      next: "The reading is complete. Browsers do not show this format themselves: send a PNG or JPEG to see it here.",
    },
    page_failed: { title: "Something went wrong on this page", next: "Load the page again, then send the film again." },
  },
};
