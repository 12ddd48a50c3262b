"""The CDK app: one construct for each capability, stacks that only compose.

============================  =====================================================================
``__main__``, ``app``         what ``cdk`` runs, and which stacks make a deployment
``config``                    what may differ between two deployments
``stacks``                    what is deployed together
``data``                      films, readings and models
``firewall``                  what CloudFront asks before it answers
``auth``                      users, and where they sign in
``gateway``                   the HTTP API, and whom it lets in
``function``                  the Lambda function, what it may touch, how a new version takes over
``web``                       page and API behind one address
``observability``             the dashboard over ``metrics``, and ``alarms``, which tell a ``topic``
``host``                      the Docker host, where one is asked for
``contract``, ``headers``     what the function, the page and browsers are told; also ``local`` says it
``encryption``, ``logs``,     how every key, log, role and bucket is made
``role``, ``removal``,
``cleaning``
``acknowledged``, ``review``  what rule packs object to, and why it stays
``local``                     the deployed shape on a laptop
============================  =====================================================================
"""
